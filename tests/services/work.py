"""What customers and workers do, by the services themselves: say something, claim a job, record its outcome."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING
from uuid import UUID, uuid4

from sqlalchemy.orm import Session

from tests.harness import application
from webapp.domain import Author, JobKind, Language, Outcome, Reply, Role
from webapp.models import Account, Conversation, Job, Message
from webapp.services import accounts, jobs, messages, replies
from webapp.services.messages import Said

if TYPE_CHECKING:
    from collections.abc import Iterator

    from webapp.services.accounts import Identity
    from webapp.services.jobs import Claim
    from webapp.services.messages import Accepted

MAX_PENDING = 100
DEADLINE_S = 600


@contextlib.contextmanager
def transaction(database_url: str) -> Iterator[Session]:
    """A session of its own connection, committed at the end."""
    engine = application.engine(database_url)
    try:
        with Session(engine, expire_on_commit=False) as session, session.begin():
            yield session
    finally:
        engine.dispose()


def new_account(session: Session, role: Role = Role.CLIENT) -> Account:
    """An account without the cost of hashing a password."""
    account = Account(
        email=f"{uuid4().hex}@example.com", name=role, role=role, password_hash="-", active=True, locale=Language.FR
    )
    session.add(account)
    session.flush()
    return account


def identity(session: Session, role: Role = Role.CLIENT) -> Identity:
    account = new_account(session, role)
    opened = accounts.begin_sign_in(session, account)
    return accounts.identify(session, opened.id)


def say(  # noqa: PLR0913  what a customer sends, and the limits it meets
    session: Session,
    client: Identity,
    text: str = "Bonjour",
    conversation_id: UUID | None = None,
    *,
    key: str | None = None,
    max_pending: int = MAX_PENDING,
    deadline_s: int = DEADLINE_S,
) -> Accepted:
    said = Said(client.account_id, text, key or uuid4().hex, conversation_id, Language.FR)
    accepted = messages.accept(session, said, max_pending=max_pending, deadline_s=deadline_s)
    session.expire_all()
    return accepted


def claim(session: Session, job_id: UUID, kind: JobKind = JobKind.REPLY, worker_key: int = 1) -> Claim | None:
    return jobs.claim(session, job_id, kind, worker_key=worker_key, lease_s=60)


def claimed(session: Session, job_id: UUID | None, kind: JobKind = JobKind.REPLY) -> Claim:
    """The claim, which the test relies on to be given."""
    assert job_id is not None
    found = claim(session, job_id, kind)
    assert found is not None
    return found


def reply(text: str = "Voici.", outcome: Outcome | None = Outcome.ANSWERED) -> Reply:
    return Reply(text, outcome, Language.FR)


def answer(session: Session, job_id: UUID | None, with_: Reply | None = None) -> bool:
    """Claim a reply job and record its reply, as a worker would."""
    return replies.record(session, claimed(session, job_id), with_ or reply(), 0, ())


def job(session: Session, job_id: UUID | None) -> Job:
    return session.get_one(Job, job_id, populate_existing=True)


def conversation(session: Session, accepted: Accepted) -> Conversation:
    return session.get_one(Conversation, accepted.conversation_id, populate_existing=True)


def slot(session: Session, accepted: Accepted) -> Message | None:
    """The reply to a message, None while it is open."""
    return session.query(Message).filter_by(reply_to=accepted.message_id, role=Author.ASSISTANT).one_or_none()
