"""Every order in which two workers, a dispatcher, a person and time can act on two questions of one case.

An exhaustive search over the real statements, each step undone by a savepoint. Tickets need no model: any worker may
try any job at any time. Claims are never forgotten, so each one comes back as a late or doubled outcome too.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from uuid import UUID, uuid4

from sqlalchemy import text

from webapp.domain import HandoverReason, JobKind, Language, Reply, Role
from webapp.services import accounts, conversations, desk, jobs, messages, replies, supervision
from webapp.services.accounts import Identity

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from sqlalchemy import Row
    from sqlalchemy.orm import Session

    from webapp.services.jobs import Claim

CLAIMS = 2  # of one path: one, and one that takes over or follows
REPLY = Reply("Bonjour.", None, Language.FR)

ROWS = text("""
SELECT j.id, j.message_id, j.status, j.crashes, j.fence, j.reply_id IS NOT NULL AS replied,
       (SELECT array_agg(r.outcome || '/' || r.role) FROM message r WHERE r.reply_to = j.message_id) AS replies
FROM job j WHERE kind = 'reply' ORDER BY number
""")
SAID = text("SELECT role, outcome, reply_to FROM message ORDER BY seq")
CASE = text("SELECT status, assistant_on FROM conversation")
EXPIRE = text("UPDATE job SET lease_until = clock_timestamp() - interval '1 s' WHERE id = :id AND status = 'running'")


@dataclass
class World:
    """What the search carries besides the rows: the jobs, and every claim ever given."""

    session: Session
    customer: Identity
    staff: Identity
    case: UUID
    jobs: list[UUID] = field(default_factory=list)
    claims: list[Claim] = field(default_factory=list)


def _accept(world: World) -> None:
    said = messages.Said(world.customer.account_id, "Bonjour", str(uuid4()), world.case, Language.FR)
    accepted = messages.accept(world.session, said, max_pending=10, deadline_s=600)
    if accepted.job_id is not None:
        world.jobs.append(accepted.job_id)


def _claim(world: World, job_id: UUID) -> None:
    claim = jobs.claim(world.session, job_id, JobKind.REPLY, worker_key=1, lease_s=60)
    if claim is not None:
        world.claims.append(claim)


def _reap(world: World, job_id: UUID) -> None:
    world.session.execute(EXPIRE, {"id": job_id})
    supervision.crash(world.session, job_id, set())


def _record(world: World, claim: Claim) -> None:
    """As the worker does: what no longer stands is rolled back."""
    savepoint = world.session.begin_nested()
    stood = replies.record(world.session, claim, REPLY, 1, ())
    savepoint.commit() if stood else savepoint.rollback()


def _steps(world: World) -> Iterator[tuple[str, Callable[[], object]]]:
    session, case = world.session, world.case
    for job_id in world.jobs:
        if len(world.claims) < CLAIMS:
            yield f"claim {job_id}", lambda job_id=job_id: _claim(world, job_id)
        yield f"lease of {job_id} ends", lambda job_id=job_id: _reap(world, job_id)
        yield (
            f"deadline of {job_id}",
            lambda job_id=job_id: supervision.give_up(session, job_id, HandoverReason.DEADLINE),
        )
    for claim in world.claims:
        yield f"record {claim.fence}", lambda claim=claim: _record(world, claim)
        yield f"drain {claim.fence}", lambda claim=claim: jobs.requeue(session, claim)
        yield f"crash {claim.fence}", lambda claim=claim: jobs.requeue(session, claim, crashed=True)
        yield (
            f"fatal {claim.fence}",
            lambda claim=claim: supervision.give_up_claim(session, claim, HandoverReason.FATAL),
        )
        yield f"ticket {claim.fence}", lambda claim=claim: jobs.return_ticket(session, claim.job_id, 1)
    if "staff" not in world.session.scalars(text("SELECT role FROM message")).all():
        yield "staff speaks", lambda: desk.speak(session, world.staff, case, "Je m'en occupe.", None)
    yield "customer asks", lambda: conversations.ask_for_a_person(session, world.customer, case, None)


def _look(world: World, path: list[str]) -> tuple[object, ...]:
    """Hold the laws against the rows; what decides the future: rows without their ids, and how old each claim is."""
    rows = list(world.session.execute(ROWS))
    said = list(world.session.execute(SAID))
    _check(rows, said, path)
    fences = {row.id: row.fence for row in rows}
    claims = [(world.jobs.index(claim.job_id), fences[claim.job_id] - claim.fence) for claim in world.claims]
    words = [(row.role, row.outcome) for row in said]
    return (*(tuple(map(str, row[2:])) for row in rows), *claims, *world.session.execute(CASE).one(), *words)


def _check(rows: list[Row[Any]], said: list[Row[Any]], path: list[str]) -> None:
    for row in rows:
        ended = row.status not in {"queued", "running"}
        assert len(row.replies or ()) == int(ended), path
        assert row.replied == ended, path
    assert sum(row.status == "running" for row in rows) <= 1, path
    asked = [row.message_id for row in rows]
    answered = [asked.index(row.reply_to) for row in said if row.reply_to is not None]
    assert len(answered) == len(set(answered)), path
    roles = [row.role for row in said]
    assert "staff" not in roles or "assistant" not in roles[roles.index("staff") :], path
    if not any(step.startswith("deadline") for step in path):  # a question given up late may be passed by the next
        assert answered == sorted(answered), path


def _search(world: World, seen: set[tuple[object, ...]], path: list[str]) -> None:
    state = _look(world, path)
    if state in seen:
        return
    seen.add(state)
    for name, step in list(_steps(world)):
        claims = list(world.claims)
        savepoint = world.session.begin_nested()
        step()
        world.session.flush()
        _search(world, seen, [*path, name])
        savepoint.rollback()
        world.claims = claims


def _identity(session: Session, role: Role) -> Identity:
    account = accounts.register(
        session, f"{uuid4()}@example.com", "un mot de passe long", name="Camille", role=role, locale=Language.FR
    )
    session.flush()
    return Identity(account.id, uuid4(), role, account.email, account.name, Language.FR)


def test_no_order_of_events_loses_or_doubles_a_reply(session: Session) -> None:
    customer, staff = (_identity(session, role) for role in (Role.CLIENT, Role.STAFF))
    said = messages.Said(customer.account_id, "Bonjour", str(uuid4()), None, Language.FR)
    first = messages.accept(session, said, max_pending=10, deadline_s=600)
    assert first.job_id is not None
    world = World(session, customer, staff, first.conversation_id, [first.job_id])
    _accept(world)
    seen: set[tuple[object, ...]] = set()
    _search(world, seen, [])
    assert len(seen) > 100
