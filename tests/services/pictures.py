"""Files sent with messages, by the services themselves: kept, attached, cleaned as a worker would."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING
from uuid import uuid4

from PIL import Image

from tests.services.work import DEADLINE_S, MAX_PENDING
from webapp.domain import FileVariant, JobKind, Language
from webapp.models import Attachment, Job
from webapp.services import cleaning, jobs, messages, photos
from webapp.services.cleaning import KeptFile, Outcome
from webapp.services.messages import Said
from webapp.services.photos import NewFile

if TYPE_CHECKING:
    from uuid import UUID

    from sqlalchemy.orm import Session

    from webapp.services.accounts import Identity
    from webapp.services.messages import Accepted
    from webapp.storage import Storage

SIDE = 40


def photo(colour: str = "red", kind: str = "JPEG", side: int = SIDE) -> bytes:
    file = io.BytesIO()
    Image.new("RGB", (side, side), colour).save(file, kind)
    return file.getvalue()


def stored(storage: Storage | None = None, content: bytes = b"") -> NewFile:
    """A file to attach, in storage when one is given."""
    key = uuid4().hex if storage is None else storage.put(io.BytesIO(content), limit=1 << 20).key
    return NewFile("poignée.jpg", "image/jpeg", uuid4().hex, len(content), key)


def send(session: Session, client: Identity, *files: NewFile, text: str = "") -> Accepted:
    """A message with files, whose reply waits for them."""
    said = Said(client.account_id, text, uuid4().hex, None, Language.FR, tuple(file.digest for file in files))
    accepted = messages.accept(
        session, said, max_pending=MAX_PENDING, deadline_s=DEADLINE_S, put_off_s=photos.REPLY_WAITS_S
    )
    photos.attach(session, accepted.message_id, client.account_id, files)
    session.expire_all()
    return accepted


def image_jobs(session: Session, message_id: UUID) -> list[UUID]:
    """The jobs that clean the files of a message, in their order."""
    rows = session.query(Job).filter_by(message_id=message_id, kind=JobKind.IMAGE).join(Attachment)
    return [job.id for job in rows.order_by(Attachment.position)]


def clean(session: Session, job_id: UUID, storage: Storage | None = None, pages: int = 1, text: str = "Lu.") -> bool:
    """Claim the job of a file and record what it became, as a worker would."""
    claim = jobs.claim(session, job_id, JobKind.IMAGE, worker_key=1, lease_s=60)
    assert claim is not None
    content = photo("blue")
    files = [
        KeptFile(stored(storage, content).key, variant, page, "image/jpeg", len(content), SIDE, SIDE)
        for page in range(1, pages + 1)
        for variant in (FileVariant.FULL, FileVariant.THUMB)
    ]
    return cleaning.record(session, claim, Outcome(tuple(files), "image/jpeg", SIDE, SIDE, 0, text, ("dark",)))
