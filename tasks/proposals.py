"""What the assistant would answer, thought for a person who answers; it is never said by itself."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tasks.base import TryAgainError, Work
from tasks.replies import LEASE_S, PASSAGES, find_passages, with_model_or_without
from tasks.worker import app
from webapp.domain import JobKind, Question, Reply
from webapp.services import proposals
from webapp.services.proposals import Proposal
from webapp.services.replies import SourcesGoneError

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from tasks.runtime import Runtime
    from webapp.assistant.llm import ModelClient
    from webapp.services.jobs import Claim


def prepare(session: Session, claim: Claim) -> Question:
    return proposals.question(session, claim)


def think(runtime: Runtime, claim: Claim, question: Question) -> Proposal:
    from webapp.assistant.citations import unmarked
    from webapp.assistant.reply import write_reply

    _, passages, scores = find_passages(runtime, question, PASSAGES, staff=True)

    def write(model: ModelClient | None) -> Reply:
        return write_reply(question, passages, scores, model, lambda _draft: None)

    reply = with_model_or_without(runtime, claim, write)
    return Proposal(reply, unmarked(reply.text), tuple(passage.id for passage in passages))


def record(session: Session, claim: Claim, proposal: Proposal) -> bool:
    try:
        return proposals.record(session, claim, proposal)
    except SourcesGoneError:
        raise TryAgainError(0.0) from None


WORK = Work(JobKind.PROPOSAL, LEASE_S, prepare, think, record)


@app.task(name="tasks.proposals.propose")
def propose(job_id: str) -> None:
    WORK.run(job_id)
