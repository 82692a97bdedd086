"""Searches and lists at many conversations: `python -m benchmarks.search [--conversations 1000000]`.

On a private PostgreSQL, with the services the routes call. A search is held against the 300 ms it may take at the 95th
percentile, everything else against the same with 1 000 conversations. JSON lines on stdout.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import random
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import UUID, uuid4

import psycopg2
from sqlalchemy import create_engine, delete, insert, select
from sqlalchemy.orm import Session

from benchmarks import many_conversations
from benchmarks.many_conversations import DISCONTINUED, an_id, order_number
from benchmarks.private_stack import BINARIES, ROOT, environment
from launcher.embedded import PostgresServer
from webapp.domain import ConversationStatus, Language, Role
from webapp.models import Conversation, ConversationSearch, SearchDue
from webapp.services import conversations, polling, search, stats
from webapp.services.accounts import Identity
from webapp.services.lists import Filter

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from psycopg2.extensions import cursor as Cursor  # noqa: N812  a class

    from benchmarks.many_conversations import Words

SMALL = 1_000
EMPTY = "conversations_none"  # migrated: what the others begin as
SEARCHES = 200
FEW = 5  # conversations a page, where a thousand in all have no full page of the kind
GOAL_MS = 300
STAFF = Identity(UUID(an_id(2, 0)), uuid4(), Role.STAFF, "s0@example.com", "S", Language.FR)


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description="Searches and lists at many conversations.")
    parser.add_argument("--conversations", type=int, default=1_000_000)
    parser.add_argument("--searches", type=int, default=SEARCHES)
    parser.add_argument("--keep", type=Path, help="keep the server's folder there, or use what is kept there")
    chosen = parser.parse_args(arguments)
    with folder(chosen.keep) as place, server(place) as postgres:
        empty(postgres, place)
        urls = [filled(postgres, count) for count in (SMALL, chosen.conversations)]
        with opened(urls[0]) as small, opened(urls[1]) as large:
            check(small, SMALL)
            check(large, chosen.conversations)
            compare_calls(small, large, chosen)
            measure_searches(large, chosen)
    return 0


def compare_calls(small: Session, large: Session, chosen: argparse.Namespace) -> None:
    """Turn by turn, so that whatever else the machine does weighs on both."""
    of_small, of_large = lists(small, SMALL), lists(large, chosen.conversations)
    for name in of_small:
        pairs = [(timed(small, of_small[name]), timed(large, of_large[name])) for _ in range(chosen.searches)]
        against, value = (statistics.median(spent) for spent in zip(*pairs, strict=True))
        say(f"{name}, p50", value, against)


def measure_searches(large: Session, chosen: argparse.Namespace) -> None:
    with contextlib.closing(large.connection().connection.cursor()) as cursor:
        words = many_conversations.vocabulary(cursor)
    for name, make in kinds_of_search(words, chosen.conversations).items():
        spent = [timed(large, asks(make())) for _ in range(chosen.searches)]
        quantiles = statistics.quantiles(spent, n=100, method="inclusive")
        for rank in (50, 95):
            say(f"search: {name}, p{rank}", quantiles[rank - 1], GOAL_MS)


def say(name: str, value: float, against: float) -> None:
    line = {"name": name, "value": round(value, 2), "unit": "ms", "against": round(against, 2)}
    print(json.dumps(line | {"ratio": round(value / against, 3)}), flush=True)


def timed(session: Session, call: Callable[[Session], object]) -> float:
    began = time.perf_counter()
    call(session)
    spent = (time.perf_counter() - began) * 1000
    session.commit()  # as a request does: figures that were slow to read are kept
    session.expunge_all()
    return spent


@contextlib.contextmanager
def folder(kept: Path | None) -> Iterator[Path]:
    place = kept or Path(tempfile.mkdtemp(prefix="sav-search-"))
    place.mkdir(exist_ok=True)
    try:
        yield place
    finally:
        if kept is None:
            shutil.rmtree(place, ignore_errors=True)


@contextlib.contextmanager
def server(place: Path) -> Iterator[PostgresServer]:
    postgres = PostgresServer(place / "postgres")
    postgres.start()
    try:
        yield postgres
    finally:
        postgres.stop()


@contextlib.contextmanager
def opened(url: str) -> Iterator[Session]:
    engine = create_engine(url.replace("postgresql://", "postgresql+psycopg2://"))
    with Session(engine) as session:
        yield session
    engine.dispose()


def empty(postgres: PostgresServer, place: Path) -> None:
    """Bring the database that the others begin as to the schema of today; a kept one may have that of yesterday."""
    with _commands(postgres) as cursor:
        if not _exists(cursor, EMPTY):
            cursor.execute(f"CREATE DATABASE {EMPTY}")
    given = environment(place, f"{_host(postgres)}/{EMPTY}", "redis://127.0.0.1:1/0", {})
    Path(given["PROMETHEUS_MULTIPROC_DIR"]).mkdir(exist_ok=True)
    subprocess.run([BINARIES / "flask", "--app", "wsgi", "db", "upgrade"], cwd=ROOT, env=given, check=True)


def filled(postgres: PostgresServer, count: int) -> str:
    """Return the address of a database of so many conversations, made under another name until it is whole."""
    name, host = f"conversations_{count}", _host(postgres)
    with _commands(postgres) as cursor:
        if not _exists(cursor, name):
            cursor.execute(f"DROP DATABASE IF EXISTS {name}_part")
            cursor.execute(f"CREATE DATABASE {name}_part TEMPLATE {EMPTY}")
            _fill(f"{host}/{name}_part", count)
            cursor.execute(f"ALTER DATABASE {name}_part RENAME TO {name}")
    return f"{host}/{name}"


def _host(postgres: PostgresServer) -> str:
    return postgres.url.rpartition("/")[0]


@contextlib.contextmanager
def _commands(postgres: PostgresServer) -> Iterator[Cursor]:
    with contextlib.closing(psycopg2.connect(postgres.url)) as connection:
        connection.autocommit = True
        with connection.cursor() as cursor:
            yield cursor


def _exists(cursor: Cursor, name: str) -> bool:
    cursor.execute("SELECT 1 FROM pg_database WHERE datname = %s", [name])
    return cursor.fetchone() is not None


def _fill(url: str, count: int) -> None:
    with contextlib.closing(psycopg2.connect(url)) as connection, connection.cursor() as cursor:
        connection.autocommit = True
        many_conversations.fill(cursor, many_conversations.vocabulary(cursor), count)


def check(session: Session, count: int) -> None:
    """The rows that were written by hand are those the application would have written."""
    ids = [an_opened(session, number) for number in range(0, count, max(1, count // 20))]
    kept = select(*(getattr(ConversationSearch, name) for name in many_conversations.SEARCH))
    rows = kept.where(ConversationSearch.id.in_(ids)).order_by(ConversationSearch.id)
    made = session.execute(rows).all()
    session.execute(delete(ConversationSearch).where(ConversationSearch.id.in_(ids)))
    session.execute(insert(SearchDue), [{"conversation_id": each} for each in ids])
    assert search.index_due(session) == len(ids)
    assert session.execute(rows).all() == made
    session.rollback()


def an_opened(session: Session, number: int) -> UUID:
    return session.execute(select(Conversation.id).order_by(Conversation.id).offset(number).limit(1)).scalar_one()


def lists(session: Session, count: int) -> dict[str, Callable[[Session], object]]:
    """What desk and dashboard ask again and again."""
    middle = an_opened(session, count // 2)
    job = UUID(an_id(5, count // 2 // 10 * 10))
    filters = {
        "by activity": Filter(),
        "by wait": Filter(by_wait=True, limit=FEW),
        "of a status": Filter(status=ConversationStatus.IN_PROGRESS),
        "unread": Filter(unread=True, limit=FEW),
        "of nobody": Filter(unassigned=True, limit=FEW),
        "of one of staff": Filter(assignee_id=STAFF.account_id),
        "in English": Filter(language=Language.EN),
        "of a customer": Filter(client_id=UUID(an_id(1, 3)), limit=FEW),
    }
    calls: dict[str, Callable[[Session], object]] = {
        f"list {name}": lambda session, wanted=wanted: conversations.find(session, STAFF, wanted)  # type: ignore[misc]
        for name, wanted in filters.items()
    }
    calls["poll of a job"] = lambda session: polling.job(session, STAFF, job)
    calls["reading a conversation"] = lambda session: conversations.messages(
        session, conversations.get(session, STAFF, middle).id, 0
    )
    calls["stats of a month"] = lambda session: stats.current(session, stats.Wanted("month", "Europe/Paris"))
    return calls


def asks(q: str) -> Callable[[Session], object]:
    return lambda session: conversations.find(session, STAFF, Filter(q=q))


def kinds_of_search(words: Words, count: int) -> dict[str, Callable[[], str]]:
    """Ranks follow Zipf's law: of a million conversations the 100th word is in 9 %, the 10 000th in 0.1 %."""
    chance = random.Random(3)

    def word(first: int, last: int) -> str:
        return words.plain[chance.randrange(first, last)]

    return {
        "a rare word": lambda: word(10_000, 30_000),
        "a middling word": lambda: word(300, 3_000),
        "a common word": lambda: word(0, 100),
        "two common words": lambda: f"{word(0, 100)} {word(0, 100)}",
        "two middling words": lambda: f"{word(300, 3_000)} {word(300, 3_000)}",
        "a rare and a common word": lambda: f"{word(10_000, 30_000)} {word(0, 100)}",
        "an order number": lambda: order_number(chance.randrange(count)),
        "nothing found": lambda: f"{word(0, 100)} introuvable{chance.randrange(10**6)}",
        "a word of long ago": lambda: DISCONTINUED,
    }


if __name__ == "__main__":
    sys.exit(main())
