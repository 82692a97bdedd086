"""Notices owed: jobs written with what causes them, once each by their key. They carry a link and no message text.

What counts as one occasion:

* a person answered: once a turn (until the customer writes again), and once more for each whole day it goes on;
* a case closed by staff: once a closing;
* a wait: once for each reader of it, when it is too long, and when it began while nobody works.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import UTC
from typing import TYPE_CHECKING, Any
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import select, text
from sqlalchemy.dialects.postgresql import insert

from webapp.domain import Channel, JobKind, Language, Notice, Role
from webapp.models import Account, Conversation, PeriodicRun
from webapp.services import firm, jobs
from webapp.services.waits import notice_due

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator
    from datetime import datetime

    from sqlalchemy.orm import Session

DEADLINE_S = 24 * 3600
WAITS_AT_ONCE = 1000
OF_A_WAIT = (Notice.CUSTOMER_WAITS, Notice.WAITS_OUT_OF_HOURS)

_DAYS_INTO_TURN = text("""
SELECT coalesce(floor(extract(epoch FROM clock_timestamp() - min(created_at)) / 86400), 0)::int FROM message
WHERE conversation_id = :conversation AND seq > :turn AND role = 'staff'
""")
# The longest wait first: what is late comes before what is not, so the limit starves nobody. Waits that were told of
# when they began are only looked at to be late, apart from the others: a night's worth of them would fill the limit.
_WAITS = text("""
SELECT id, waiting_since, assignee_id
FROM conversation c WHERE waiting_since IS NOT NULL AND NOT EXISTS (
    SELECT 1 FROM periodic_run WHERE task = 'customer_waits:' || c.id AND slot = c.waiting_since)
AND :told = EXISTS (
    SELECT 1 FROM periodic_run WHERE task = 'waits_out_of_hours:' || c.id AND slot = c.waiting_since)
ORDER BY waiting_since, id LIMIT :limit
""")
_FORGET_WAITS = text("""
DELETE FROM periodic_run p WHERE split_part(task, ':', 1) = ANY(:notices) AND NOT EXISTS (
    SELECT 1 FROM conversation c WHERE c.id::text = split_part(p.task, ':', 2) AND c.waiting_since = p.slot)
""")


@dataclass(frozen=True, slots=True)
class Letter:
    """A mail as its sender needs it. `id` stays the same however often it is tried."""

    id: UUID
    to: str
    language: Language
    notice: str
    path: str
    firm: str


@dataclass(frozen=True, slots=True)
class Call:
    """A call to the staff's webhook: which case waits, and nothing of who waits or for what."""

    id: UUID
    notice: str
    conversation_id: str
    waiting_since: str
    path: str
    firm: str


def invite(session: Session, account: Account, path: str) -> None:
    """Owe an invited person her one-time link."""
    _owe_link(session, Notice.INVITATION, account, path)


def new_password(session: Session, account: Account, path: str) -> None:
    """Owe somebody who forgot her password a one-time link to choose another."""
    _owe_link(session, Notice.NEW_PASSWORD, account, path)


def _owe_link(session: Session, notice: Notice, account: Account, path: str) -> None:
    link = hashlib.sha256(path.encode()).hexdigest()[:16]
    _owe(session, notice, f"{account.id}:{link}", path, account_id=account.id)


def person_answered(session: Session, conversation: Conversation) -> None:
    """Owe a customer word that a person of the firm has just written in a locked case."""
    turn = conversation.last_client_seq
    days = session.execute(_DAYS_INTO_TURN, {"conversation": conversation.id, "turn": turn}).scalar_one()
    tell_customer(session, Notice.PERSON_ANSWERED, conversation, f"{turn}:{days}")


def case_closed(session: Session, conversation: Conversation) -> None:
    """Owe a customer word that the firm has just closed a locked case."""
    tell_customer(session, Notice.CASE_CLOSED, conversation, str(conversation.version))


def tell_customer(session: Session, notice: Notice, conversation: Conversation, occasion: str) -> None:
    """Owe a customer a notice of her case; `occasion` tells one time from the next."""
    path = f"/chat/{conversation.id}"
    about = {"account_id": conversation.client_id, "conversation_id": conversation.id}
    _owe(session, notice, f"{conversation.id}:{occasion}", path, **about)


def tell_of_waits(session: Session, timezone: str, *, webhook: bool) -> int:
    """Owe staff word of every wait that is due and not told yet; return how many there were.

    Who takes the row of a wait tells of it: any number of dispatchers may call this at once.
    """
    wanted, now, zone = firm.choices(session), firm.now(session, timezone), ZoneInfo(timezone)
    staff = set(session.scalars(select(Account.id).where(Account.role != Role.CLIENT, Account.active)))
    told = 0
    for case_id, since, assignee_id, told_before in _waits(session):
        notice = notice_due(wanted, since.astimezone(zone), now)
        if notice is None or (notice is Notice.WAITS_OUT_OF_HOURS and told_before):
            continue
        if _taken(session, notice, case_id, since):
            _tell_staff(session, notice, case_id, since, staff & {assignee_id} or staff)
            told += 1
            if webhook:
                _owe_wait(session, notice, case_id, since, channel=Channel.WEBHOOK)
    return told


def _waits(session: Session) -> Iterator[tuple[UUID, datetime, UUID | None, bool]]:
    for told in (False, True):
        for row in session.execute(_WAITS, {"limit": WAITS_AT_ONCE, "told": told}).all():
            yield row.id, row.waiting_since, row.assignee_id, told


def _taken(session: Session, notice: Notice, case_id: UUID, since: datetime) -> bool:
    row = insert(PeriodicRun).values(task=f"{notice}:{case_id}", slot=since).on_conflict_do_nothing()
    return session.execute(row.returning(PeriodicRun.slot)).scalar() is not None


def _tell_staff(session: Session, notice: Notice, case_id: UUID, since: datetime, readers: Collection[UUID]) -> None:
    for account_id in readers:
        _owe_wait(session, notice, case_id, since, account_id=account_id)


def _owe_wait(session: Session, notice: Notice, case_id: UUID, since: datetime, **about: object) -> None:
    moment, reader = _written(since), about.get("account_id", Channel.WEBHOOK)
    key, path = f"{case_id}:{moment}:{reader}", f"/conversations/{case_id}"
    _owe(session, notice, key, path, conversation_id=case_id, waiting_since=moment, **about)


def forget_waits(session: Session) -> None:
    """Remove what was kept to tell of each wait once, for the waits that are over."""
    session.execute(_FORGET_WAITS, {"notices": list(OF_A_WAIT)})


def _owe(session: Session, notice: Notice, key: str, path: str, **about: object) -> None:
    request = {"channel": Channel.MAIL, "notice": notice, "path": path} | about
    jobs.enqueue(
        session,
        JobKind.MAIL,
        deadline_s=DEADLINE_S,
        dedupe_key=f"{notice}:{key}",
        request={name: str(value) for name, value in request.items()},
    )


def owed(session: Session, job_id: UUID, request: dict[str, Any]) -> Letter | Call | None:
    """Return what a job of kind mail is to send; None when its reader is gone, or the wait is over."""
    if not _still_true(session, request):
        return None
    name = firm.choices(session).name
    if request["channel"] == Channel.WEBHOOK:
        about = (request["notice"], request["conversation_id"], request["waiting_since"], request["path"])
        return Call(job_id, *about, name)
    account = session.get(Account, UUID(request["account_id"]))
    if account is None or not account.active:
        return None
    return Letter(job_id, account.email, account.locale, request["notice"], request["path"], name)


def _still_true(session: Session, request: dict[str, Any]) -> bool:
    if "conversation_id" not in request:
        return True
    conversation = session.get(Conversation, UUID(request["conversation_id"]))
    if conversation is None or request["notice"] not in OF_A_WAIT:
        return conversation is not None
    since = conversation.waiting_since
    return since is not None and _written(since) == request["waiting_since"]


def _written(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z")
