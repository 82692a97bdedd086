"""Cleaning the files that come with messages: opened in a process of their own, and kept as new pixels alone.

Reading what is clean comes after, as a job of its own: nobody's picture waits for the reading of another's.
"""

from __future__ import annotations

import logging
import tempfile
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tasks import apart, stored
from tasks.base import RefusedError, TryAgainError, Work
from tasks.worker import app
from webapp.domain import FileVariant, JobKind
from webapp.media import MediaType
from webapp.services import cleaning, readings
from webapp.services.cleaning import KeptFile, Outcome, Sent
from webapp.services.readings import Reading, ToRead

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy.orm import Session

    from tasks.runtime import Runtime
    from webapp.services.jobs import Claim
    from webapp.storage import Storage

log = logging.getLogger(__name__)

LEASE_S = 330  # longer than the hard limit that ends the child
CLEANING_WALL_S = 90.0  # the processor time of a cleaning is bounded below it
READING_S = 40.0  # no picture is begun after it
READING_WALL_S = 60.0
GIVE_WAY_S = 5.0  # to files that wait for their cleaning
MOST_BYTES = 64 << 20  # of a picture we wrote ourselves
SHOWN = (FileVariant.FULL, FileVariant.THUMB)


def clean(runtime: Runtime, claim: Claim, sent: Sent) -> Outcome:
    if sent.key is None:
        raise RefusedError("lost")
    with tempfile.TemporaryDirectory(dir=runtime.workshop) as name:
        folder = Path(name)
        with stored.file():
            with runtime.photos.on_disk(sent.key) as source:
                made = _made(claim, source, sent.media_type, folder)
            return _kept(runtime.photos, made, folder)


def _made(claim: Claim, source: Path, media_type: str, folder: Path) -> dict[str, Any]:
    """Have a process of its own clean the file. One that dies of it would die of it again."""
    try:
        made = apart.run("tasks.cleaning", (str(source), media_type, str(folder)), folder, wall_s=CLEANING_WALL_S)
    except apart.DiedError as death:
        log.warning("job %s: the file ended its process: %s", claim.job_id, death)
        raise RefusedError("too_heavy") from None
    if "refused" in made:
        raise RefusedError(made["refused"])
    return made


def _kept(storage: Storage, made: dict[str, Any], folder: Path) -> Outcome:
    from webapp.assistant import facts

    pages = made["pages"]
    files = [_put(storage, folder, page, variant, number) for number, page in enumerate(pages, 1) for variant in SHOWN]
    one = pages[0]
    return Outcome(
        tuple(files),
        one["media_type"],
        one["width"],
        one["height"],
        made["left_out"],
        made["text"],
        tuple(made["faults"]),
        facts.find_facts(made["text"]),
    )


def _put(storage: Storage, folder: Path, page: dict[str, Any], variant: FileVariant, number: int) -> KeptFile:
    with (folder / Path(page[variant]).name).open("rb") as file:
        stored = storage.put(file, limit=MOST_BYTES)
    full = variant is FileVariant.FULL
    size = (page["width"], page["height"]) if full else (None, None)
    return KeptFile(stored.key, variant, number, MediaType(page["media_type"]), stored.size, *size)


def read(runtime: Runtime, claim: Claim, wanted: ToRead) -> Reading:
    from webapp.assistant import facts

    if wanted.cleaning_waits:
        raise TryAgainError(GIVE_WAY_S)
    if not wanted.keys:
        return Reading()
    with stored.file(), ExitStack() as opened, tempfile.TemporaryDirectory(dir=runtime.workshop) as folder:
        pages = [opened.enter_context(runtime.photos.on_disk(key)) for key in wanted.keys]
        text = _transcript(claim, pages, Path(folder))
    return Reading(text, facts.find_facts(text))


def _transcript(claim: Claim, pages: Sequence[Path], folder: Path) -> str:
    """Have a process of its own read what is printed on pictures. A file nobody could read is no fault of it."""
    try:
        told = apart.run("tasks.reading", (str(READING_S), *map(str, pages)), folder, wall_s=READING_WALL_S)
    except apart.DiedError as death:
        log.warning("job %s: not read: %s", claim.job_id, death)
        return ""
    return str(told.get("text", "")).replace("\x00", "")


def given(session: Session, claim: Claim) -> Sent | ToRead:
    return readings.to_read(session, claim) if claim.request.get("step") else cleaning.sent(session, claim)


def think(runtime: Runtime, claim: Claim, wanted: Sent | ToRead) -> Outcome | Reading:
    return read(runtime, claim, wanted) if isinstance(wanted, ToRead) else clean(runtime, claim, wanted)


def record(session: Session, claim: Claim, made: Outcome | Reading) -> bool:
    if isinstance(made, Reading):
        return readings.record(session, claim, made)
    return cleaning.record(session, claim, made)


IMAGE = Work(JobKind.IMAGE, LEASE_S, given, think, record)


@app.task(name="tasks.photos.clean")
def clean_file(job_id: str) -> None:
    IMAGE.run(job_id)
