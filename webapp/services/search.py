"""Search over all cases: every word, in any order; accents, case and plural do not matter, references are exact.

Common words are found by looking at the list itself, newest first, until a page is full; for all others the index of
words brings what matches, to be sorted. docs/decisions/0012-search.md has the reasons.
"""

from __future__ import annotations

import contextlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import asc, bindparam, cast, desc, func, select, text
from sqlalchemy.dialects.postgresql import ARRAY, TSQUERY
from sqlalchemy.dialects.postgresql import UUID as PG_UUID

from webapp.models import ConversationSearch

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import datetime
    from uuid import UUID

    from sqlalchemy import ColumnElement, Select, UnaryExpression
    from sqlalchemy.orm import Session

FIRST_LOOK = 1_000  # cases looked at before the index of words is asked: a page of any word that one in twenty has
LOCK = 7004  # one process at a time keeps the rows that are searched
BATCH = 50
MESSAGES_AT_ONCE = 100  # of one case in one batch; the rest of a longer one has its turn in the next
MAX_HEAD, MAX_BODY = 1_000, 25_000  # words: a tsvector holds a megabyte, and a word has 40 bytes at most

_QUERY = text("SELECT search_query(:given, :staff)::text")
_WORDS = ConversationSearch.head.op("||")(ConversationSearch.body)

_TAKE = text("""
DELETE FROM search_due WHERE id IN (SELECT id FROM search_due ORDER BY id DESC LIMIT :batch) RETURNING conversation_id
""")
# `seq` comes from the messages read here and not from the case, whose row may be newer than they are once it is locked.
# A case that somebody is about to remove is not waited for, but due again in case it stays.
_INDEX = text("""
WITH due AS (
    SELECT c.*, a.name, a.email, coalesce(s.seq, 0) AS since, coalesce(length(s.body), 0) AS size
    FROM conversation c JOIN account a ON a.id = c.client_id LEFT JOIN conversation_search s ON s.id = c.id
    WHERE c.id = ANY(:ids) FOR KEY SHARE OF c SKIP LOCKED
), said AS (
    SELECT due.*, news.* FROM due CROSS JOIN LATERAL (
        SELECT coalesce(max(seq), since) AS seq, count(*) AS messages, array_agg(content) AS contents FROM (
            SELECT seq, content FROM message WHERE conversation_id = due.id AND seq > since ORDER BY seq LIMIT :messages
        ) each
    ) news
), written AS (
    INSERT INTO conversation_search AS old (id, client_id, assignee_id, status, language, waiting_since, updated_at,
                                            last_client_seq, staff_seen_seq, seq, head, body)
    SELECT id, client_id, assignee_id, status, language, waiting_since, updated_at, last_client_seq, staff_seen_seq,
           seq, array_to_tsvector((ARRAY(
        SELECT search_words(concat_ws(' ', subject, summary)) UNION ALL SELECT '@' || search_words(name || ' ' || email)
    ))[1 : :max_head]), array_to_tsvector((ARRAY(
        SELECT DISTINCT search_words(content) FROM unnest(contents) content
    ))[1 : :max_body - size]) FROM said
    ON CONFLICT (id) DO UPDATE
    SET assignee_id = excluded.assignee_id, status = excluded.status, language = excluded.language,
        waiting_since = excluded.waiting_since, updated_at = excluded.updated_at, seq = excluded.seq,
        last_client_seq = excluded.last_client_seq, staff_seen_seq = excluded.staff_seen_seq,
        -- the very same value where no word is new: the index is then left alone
        head = CASE WHEN old.head = excluded.head THEN old.head ELSE excluded.head END,
        body = CASE WHEN old.seq = excluded.seq THEN old.body ELSE old.body || excluded.body END
)
INSERT INTO search_due (conversation_id)
SELECT id FROM conversation c WHERE id = ANY(:ids) AND NOT EXISTS (
    SELECT 1 FROM said WHERE said.id = c.id AND messages < :messages)
""").bindparams(bindparam("ids", type_=ARRAY(PG_UUID(as_uuid=True))))


def index_due(session: Session, batch: int = BATCH) -> int:
    """Bring the rows that are searched up to their cases, newest changes first; return how many changes were due."""
    if not session.scalar(select(func.pg_try_advisory_xact_lock(LOCK, 0))):
        return 0
    ids = session.scalars(_TAKE, {"batch": batch}).all()
    if ids:
        bounds = {"messages": MESSAGES_AT_ONCE, "max_head": MAX_HEAD, "max_body": MAX_BODY}
        session.execute(_INDEX, {"ids": list(set(ids)), **bounds})
    return len(ids)


@dataclass(frozen=True, slots=True)
class Asked:
    """What is searched for, by whom, and how the answer is cut; the list is newest first, or by `place` ascending."""

    text: str
    staff: bool
    ascending: bool
    limit: int


def matching(
    session: Session, cases: Select[UUID, datetime], rows: Select[UUID, datetime], asked: Asked
) -> Sequence[UUID]:
    """Return the first of `cases`, a list of (id, place) still without its order, in which every word occurs.

    `rows` is the same list of the rows that are searched, which are up to a second behind. None when no word is asked.
    """
    query = session.scalar(_QUERY, {"given": asked.text.replace("\x00", " "), "staff": asked.staff})
    if query is None:
        return []
    occurs = _WORDS.op("@@")(cast(query, TSQUERY))
    with _index_alone(session):
        found = _look(session, cases, occurs, asked)
        return _fetch(session, rows, occurs, asked) if found is None else found


@contextlib.contextmanager
def _index_alone(session: Session) -> Iterator[None]:
    """PostgreSQL thinks words independent of each other; where they are not it would read the whole table."""
    session.execute(text("SET LOCAL enable_seqscan = off; SET LOCAL max_parallel_workers_per_gather = 0"))
    yield
    session.execute(text("SET LOCAL enable_seqscan = DEFAULT; SET LOCAL max_parallel_workers_per_gather = DEFAULT"))


def _look(
    session: Session, cases: Select[UUID, datetime], occurs: ColumnElement[bool], asked: Asked
) -> Sequence[UUID] | None:
    """Look at the first cases of the list one by one; None when they neither fill the page nor are all there are."""
    first = cases.order_by(*_order(asked)).limit(FIRST_LOOK).subquery()
    in_it = select(occurs).where(ConversationSearch.id == first.c.id).scalar_subquery()
    found = session.scalars(select(first.c.id).where(in_it).order_by(*_order(asked)).limit(asked.limit)).all()
    if len(found) == asked.limit:
        return found
    ended = session.execute(cases.order_by(*_order(asked)).offset(FIRST_LOOK).limit(1)).first() is None
    return found if ended else None


def _fetch(session: Session, rows: Select[UUID, datetime], occurs: ColumnElement[bool], asked: Asked) -> Sequence[UUID]:
    return session.scalars(rows.where(occurs).order_by(*_order(asked)).limit(asked.limit)).all()


def _order(asked: Asked) -> Sequence[UnaryExpression[str]]:
    names = ("place", "id")
    return [asc(name) if asked.ascending else desc(name) for name in names]
