"""Where a reply is generated: the question, the passages it may use, the assistant's words, the slot."""

from __future__ import annotations

import logging
import random
import time
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from sqlalchemy.exc import SQLAlchemyError

from tasks import model_calls
from tasks.base import ClaimLostError, TryAgainError, Work
from tasks.worker import app
from webapp import metrics
from webapp.domain import HandoverReason, JobKind, Outcome, Question, Reply
from webapp.errors import ModelUnavailableError
from webapp.services import knowledge, questions, replies
from webapp.settings import ModelOut

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from sqlalchemy.orm import Session

    from tasks.runtime import Runtime
    from webapp.assistant.llm import ModelClient
    from webapp.domain import Brief, Candidate, Language, Passage
    from webapp.services.jobs import Claim
    from webapp.services.questions import Asked

log = logging.getLogger(__name__)

LEASE_S = 75  # longer than the model client's own deadline with all that surrounds it
PASSAGES = 5
MODEL_ATTEMPTS = 2
LONGEST_WAIT_BEFORE_QUOTING_S = 10.0
LONGEST_BACKOFF_S = 60.0


@dataclass(frozen=True, slots=True)
class Thought:
    """`read` are the ids of the passages the reply was written from, cited or not."""

    reply: Reply
    index_version: int
    read: tuple[int, ...]
    brief: Brief | None


@dataclass(frozen=True, slots=True)
class Handover:
    """A person takes the question over; no answer was looked for."""

    reason: HandoverReason
    language: Language
    brief: Brief


def prepare(session: Session, claim: Claim) -> Asked:
    return questions.asked(session, claim)


def think(runtime: Runtime, claim: Claim, asked: Asked) -> Thought | Handover:
    return _handover(asked) or _answer(runtime, claim, asked)


def _handover(asked: Asked) -> Handover | None:
    """Say that a person takes over at once; where one is owed already, only for what she must hear all the same."""
    from webapp.assistant import brief, escalation, language

    question = asked.question
    reason = escalation.reason(question.text, asked.lately, asked.safety_words)
    if reason is None or (asked.awaits_person and reason in (HandoverReason.ANGER, HandoverReason.REPEATED)):
        return None
    return Handover(reason, language.detect(question.text, asked.language), brief.brief(question, None))


def _answer(runtime: Runtime, claim: Claim, asked: Asked) -> Thought:
    from webapp.assistant.reply import acknowledge_alone, write_reply

    question = asked.question
    if not question.text.strip():  # pictures alone
        reply = acknowledge_alone(question, asked.language)
        return Thought(reply, 0, (), _told(question, reply))
    version, passages, scores = find_passages(runtime, question, PASSAGES, staff=False)
    draft = _draft_writer(runtime, claim)

    def write(model: ModelClient | None) -> Reply:
        return write_reply(question, passages, scores, model, draft)

    read = tuple(passage.id for passage in passages)
    reply = with_model_or_without(runtime, claim, write) if asked.use_model else write(None)
    return Thought(reply, version, read, _told(question, reply))


def _told(question: Question, reply: Reply) -> Brief | None:
    """Return what a person who is owed after this reply should know first, None when nobody is."""
    from webapp.assistant.brief import brief
    from webapp.assistant.citations import unmarked

    if reply.outcome is Outcome.NO_ANSWER:
        return brief(question, reply)
    told = brief(question, None) if reply.owes_a_look else None
    if told is None or reply.outcome is None:
        return told
    return replace(told, answered=unmarked(reply.text))


def record(session: Session, claim: Claim, thought: Thought | Handover) -> bool:
    if isinstance(thought, Handover):
        return replies.hand_over(session, claim, thought.reason, thought.language, thought.brief)
    try:
        recorded = replies.record(
            session, claim, thought.reply, thought.index_version, thought.read, brief=thought.brief
        )
    except replies.SourcesGoneError:
        raise TryAgainError(0.0) from None
    return recorded


def find_passages(
    runtime: Runtime, question: Question, k: int, *, staff: bool
) -> tuple[int, Sequence[Passage], Sequence[float]]:
    """Return the index version used, the readable passages it proposed, and their scores."""
    from webapp.assistant import retrieval

    index = runtime.index.current()
    with metrics.RETRIEVAL_DURATION.time():
        candidates: Sequence[Candidate] = retrieval.search(index, question, k)
    with runtime.statement() as session:
        passages = knowledge.readable_passages(session, [each.passage_id for each in candidates], staff=staff)
    score = {each.passage_id: each.score for each in candidates}
    metrics.RETRIEVAL_PASSAGES.observe(len(passages))
    return index.version, passages, [score[passage.id] for passage in passages]


def with_model_or_without(runtime: Runtime, claim: Claim, write: Callable[[ModelClient | None], Reply]) -> Reply:
    """Let the model write; when it is out, wait for it or quote the documents, as the firm has chosen."""
    if runtime.model is None:
        return write(None)
    began = time.monotonic()
    try:
        reply = write(runtime.model)
    except ModelUnavailableError as error:
        model_calls.failed(runtime, claim.kind, error.reason)
        log.warning("job %s attempt %d: model %s", claim.job_id, claim.attempts, error.reason)
        return _without_model(runtime, claim, error, write)
    model_calls.answered(runtime, claim.kind, time.monotonic() - began, reply.usage)
    return reply


def _without_model(
    runtime: Runtime, claim: Claim, error: ModelUnavailableError, write: Callable[[ModelClient | None], Reply]
) -> Reply:
    delay = _backoff(claim.attempts) if error.retry_after is None else error.retry_after
    if runtime.settings.model_out is ModelOut.WAIT:
        raise TryAgainError(LONGEST_BACKOFF_S if error.permanent else delay) from None
    if error.permanent or claim.attempts >= MODEL_ATTEMPTS or delay > LONGEST_WAIT_BEFORE_QUOTING_S:
        return write(None)
    raise TryAgainError(delay) from None


def _backoff(attempts: int) -> float:
    """Return a random wait that grows with the attempts: many jobs that failed together come back apart."""
    return random.uniform(0.2, min(LONGEST_BACKOFF_S, 2.0**attempts))  # noqa: S311  no secret is made of it


def _draft_writer(runtime: Runtime, claim: Claim) -> Callable[[str], None]:
    """Return what shows the growing text.

    It raises ClaimLostError when a person took over meanwhile, so that the model call under way is dropped.
    """

    def write(draft: str) -> None:
        try:
            with runtime.statement() as session:
                stands = replies.write_draft(session, claim, draft)
        except SQLAlchemyError as error:
            log.warning("draft of job %s not shown: %s", claim.job_id, type(error).__name__)
            return
        if not stands:
            raise ClaimLostError

    return write


WORK = Work(JobKind.REPLY, LEASE_S, prepare, think, record)


@app.task(name="tasks.replies.reply")
def reply(job_id: str) -> None:
    WORK.run(job_id)
