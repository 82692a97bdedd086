"""Fills a migrated, empty database with synthetic conversations: about four messages each, in words of a Zipf law."""

from __future__ import annotations

import contextlib
import io
import itertools
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterator

    from psycopg2.extensions import cursor as Cursor  # noqa: N812  a class

VOCABULARY = 30_000
WORDS_PER_MESSAGE = 25
PER_CUSTOMER = 20
STAFF = 8
AT_ONCE = 5_000
NEWEST = datetime.now(UTC)
# The oldest third speaks of a product that is no longer sold: common once, and nowhere in what is new.
DISCONTINUED, ITS_SHARE = "perlavox", 0.3
FREQUENT = """
le la de je un volet porte est pas moteur bonjour merci the fenêtre pour avec commande ne plus et livraison door
roulant garantie depuis facture rendez technicien télécommande please pièce remplacer window panne installation
délai not motor remboursement order store portail serrure vitre lame battery réglage bruit photo adresse devis
""".split()  # noqa: SIM905  a word a line would be a page
BEGINNINGS = "ba bro cha cli da dro fa flo ga gri la lu ma mi na po pra ra ro sa sta ta tri va vo".split()  # noqa: SIM905  idem
MIDDLES = "ba che di fo gui la li mo na pe ra ri sou ta ti va".split()  # noqa: SIM905  idem
ENDINGS = "ble card dier fon gon lage let lier ment mur nade nal que ral rette sion teur ting ton tor veau".split()  # noqa: SIM905  idem

STATUSES, STATUS_SHARES = ("closed", "in_progress", "new", "waiting_staff"), (0.85, 0.97, 0.99)
NULL = r"\N"  # as COPY reads it

TABLES = ("conversation_search", "message", "job", "conversation", "account")
ACCOUNT = ("id", "email", "name", "role", "password_hash", "active", "locale")
CONVERSATION = (
    *("id", "client_id", "assignee_id", "subject", "language", "status", "assistant_on", "no_answers", "waiting_since"),
    *("last_client_seq", "staff_seen_seq", "summary_state", "last_seq", "version", "created_at", "updated_at"),
    "closed_at",
)
MESSAGE = (
    *("id", "conversation_id", "seq", "role", "author_id", "content", "created_at", "idempotency_key"),
    *("content_digest", "owes_reply", "reply_to", "outcome"),
)
JOB = (
    *("id", "kind", "queue", "number", "status", "requester_id", "conversation_id", "attempts", "crashes", "fence"),
    *("deadline_at", "finished_at"),
)
SEARCH = (
    *("id", "client_id", "assignee_id", "status", "language", "waiting_since", "updated_at", "last_client_seq"),
    *("staff_seen_seq", "seq", "head", "body"),
)
FOLDED = "SELECT search_word(search_fold(word)) FROM unnest(%s) WITH ORDINALITY given (word, n) ORDER BY n"
REFERENCES = """
SELECT format('ALTER TABLE %%s DROP CONSTRAINT %%I', conrelid::regclass, conname),
       format('ALTER TABLE %%s ADD CONSTRAINT %%I %%s', conrelid::regclass, conname, pg_get_constraintdef(oid))
FROM pg_constraint WHERE contype = %s AND conrelid::regclass::text = ANY(%s)
"""
INDEXES = """
SELECT format('DROP INDEX %%I', indexname), indexdef FROM pg_indexes i WHERE tablename = ANY(%s)
AND NOT EXISTS (SELECT 1 FROM pg_constraint WHERE conname = i.indexname)
"""


@dataclass
class Words:
    """The vocabulary, most frequent first, and the same words as the search folds them."""

    plain: list[str]
    folded: list[str]
    chance: np.random.Generator = field(default_factory=lambda: np.random.default_rng(1))

    def __post_init__(self) -> None:
        weights = 1 / np.arange(1, len(self.plain) + 1)
        self._steps = np.cumsum(weights) / weights.sum()

    def draw(self, count: int) -> list[list[int]]:
        """Ranks of the words of `count` messages."""
        drawn = np.searchsorted(self._steps, self.chance.random((count, WORDS_PER_MESSAGE)))
        return np.minimum(drawn, len(self.plain) - 1).tolist()  # type: ignore[no-any-return]  # lists of int


def vocabulary(cursor: Cursor) -> Words:
    made = ["".join(parts) for parts in itertools.product(BEGINNINGS, MIDDLES, MIDDLES, ENDINGS)]
    rest = np.random.default_rng(2).permutation(made).tolist()
    plain = list(dict.fromkeys([*FREQUENT, *rest]))[:VOCABULARY]
    cursor.execute(FOLDED, [plain])
    return Words(plain, [row[0] for row in cursor.fetchall()])


def fill(cursor: Cursor, words: Words, count: int) -> None:
    """Write them with neither indexes nor references, which are made afterwards as they were."""
    for table in TABLES:
        cursor.execute(f"ALTER TABLE {table} DISABLE TRIGGER USER")
    with _bare(cursor):
        for first in range(0, count, AT_ONCE):
            for table, columns, rows in _rows(words, range(first, min(count, first + AT_ONCE)), count):
                lines = "".join("\t".join(map(str, row)) + "\n" for row in rows)
                cursor.copy_expert(f"COPY {table} ({', '.join(columns)}) FROM STDIN", io.StringIO(lines))
    for table in TABLES:
        cursor.execute(f"ALTER TABLE {table} ENABLE TRIGGER USER")
        cursor.execute(f"VACUUM (ANALYZE) {table}")


@contextlib.contextmanager
def _bare(cursor: Cursor) -> Iterator[None]:
    made = [_taken(cursor, REFERENCES, kind, list(TABLES)) for kind in ("f", "u")]
    made.append(_taken(cursor, INDEXES, list(TABLES)))
    yield
    cursor.execute("SET maintenance_work_mem = '512MB'")
    for statement in itertools.chain(*reversed(made)):
        cursor.execute(statement)


def _taken(cursor: Cursor, query: str, *values: object) -> list[str]:
    """Drop what the query finds; return the statements that make it again."""
    cursor.execute(query, values)
    found = cursor.fetchall()
    for drop, _ in found:
        cursor.execute(drop)
    return [make for _, make in found]


def an_id(kind: int, number: int) -> str:
    return f"{kind:08x}-0000-7000-8000-{number:012x}"


def timed_id(at: datetime, kind: int, number: int) -> str:
    """An id that begins with its time, as those of the application do: the figures of the firm go by it."""
    time = f"{int(at.timestamp() * 1000):012x}"
    return f"{time[:8]}-{time[8:]}-7{kind:03x}-8000-{number:012x}"


def order_number(number: int) -> str:
    return f"CMD-2025-{number:08d}" if number % 2 else f"{70_000_000 + number}"


def _rows(words: Words, numbers: range, count: int) -> Iterator[tuple[str, tuple[str, ...], list[tuple[object, ...]]]]:
    clients = {number // PER_CUSTOMER for number in numbers if number % PER_CUSTOMER == 0}
    people = [(an_id(1, n), f"c{n}@example.com", f"Client {n}", "client", "-", True, "fr") for n in clients]
    if numbers.start == 0:
        people += [(an_id(2, n), f"s{n}@example.com", f"Staff {n}", "staff", "-", True, "fr") for n in range(STAFF)]
    yield "account", ACCOUNT, people
    sizes = words.chance.poisson(3, len(numbers)) + 1
    ranks = iter(words.draw(int(sizes.sum())))
    cases = [
        _Case(words, n, count, list(itertools.islice(ranks, int(size)))) for n, size in zip(numbers, sizes, strict=True)
    ]
    yield "conversation", CONVERSATION, [case.row() for case in cases]
    yield "message", MESSAGE, [row for case in cases for row in case.messages()]
    yield "job", JOB, [case.job() for case in cases if case.number % 10 == 0]
    yield "conversation_search", SEARCH, [case.search() for case in cases]


@dataclass
class _Case:
    words: Words
    number: int
    count: int
    said: list[list[int]]

    def __post_init__(self) -> None:
        share = self.number / self.count
        self.client = an_id(1, self.number // PER_CUSTOMER)
        self.at = NEWEST - timedelta(days=1000 * (1 - share), seconds=float(self.words.chance.random()) * 600)
        self.id = timed_id(self.at, 3, self.number)
        self.extra = ["dossier", order_number(self.number)]
        if share < 1 / 3 and self.words.chance.random() < ITS_SHARE:
            self.extra.append(DISCONTINUED)

        self.status = STATUSES[int(np.searchsorted(STATUS_SHARES, self.words.chance.random()))]
        self.waiting = self.at if self.status == "waiting_staff" else NULL
        self.assignee = an_id(2, self.number % STAFF) if self.status in ("closed", "in_progress") else NULL
        self.seen = 0 if self.status == "waiting_staff" else len(self.said)
        self.language = "fr" if self.number % 10 else "en"

    def row(self) -> tuple[object, ...]:
        closed = self.at if self.status == "closed" else NULL
        subject = " ".join(self.words.plain[rank] for rank in self.said[0][:6])
        size = len(self.said)
        return (
            *(self.id, self.client, self.assignee, subject, self.language, self.status, True, 0, self.waiting),
            *(size, self.seen, "none", size, 1, self.at, self.at, closed),
        )

    def messages(self) -> Iterator[tuple[object, ...]]:
        for n, ranks in enumerate(self.said):
            content = " ".join([*(self.words.plain[rank] for rank in ranks), *(self.extra if n == 0 else ())])
            id_ = timed_id(self.at, 4, self.number * 32 + n)
            if n % 2:
                before = timed_id(self.at, 4, self.number * 32 + n - 1)
                who: tuple[object, ...] = (
                    "assistant",
                    NULL,
                    content,
                    self.at,
                    NULL,
                    NULL,
                    False,
                    before,
                    "answered",
                )
            else:
                who = ("client", self.client, content, self.at, id_, "-", False, NULL, NULL)
            yield (id_, self.id, n + 1, *who)

    def job(self) -> tuple[object, ...]:
        owner = (self.client, self.id)
        return (
            an_id(5, self.number),
            "search",
            "background",
            self.number,
            "succeeded",
            *owner,
            1,
            0,
            1,
            self.at,
            self.at,
        )

    def search(self) -> tuple[object, ...]:
        head = [*(self.words.folded[rank] for rank in self.said[0][:6]), "@client", "@example", "@com"]
        body = [self.words.folded[rank] for ranks in self.said for rank in ranks]
        for extra in self.extra:
            parts = extra.lower().split("-")
            body += ["".join(parts[i:j]) for i in range(len(parts)) for j in range(i + 1, len(parts) + 1)]
        name = str(self.number // PER_CUSTOMER)
        size = len(self.said)
        return (
            *(self.id, self.client, self.assignee, self.status, self.language, self.waiting, self.at, size, self.seen),
            *(size, " ".join([*head, f"@{name}", f"@c{name}"]), " ".join(body)),
        )
