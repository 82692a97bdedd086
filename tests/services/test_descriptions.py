"""What a model may describe of photos: owed apart from their cleaning, where the firm says so, and shown to staff."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.services.pictures import clean, image_jobs, send, stored
from tests.services.work import answer, claimed, identity, new_account
from webapp.domain import JobKind, JobStatus, Queue, Role
from webapp.errors import NotFoundError
from webapp.models import Attachment, Job
from webapp.services import descriptions, desk, files, firm, photos, polling

if TYPE_CHECKING:
    from uuid import UUID

    from sqlalchemy.orm import Session

SEEN = "Une poignée blanche."


def choose(session: Session, *, describe: bool) -> None:
    choices = firm.choices(session).model_copy(update={"use_model": True, "describe_photos": describe})
    firm.change(session, new_account(session, Role.ADMIN).id, choices)


def owed(session: Session, message_id: UUID) -> list[Job]:
    return session.query(Job).filter_by(message_id=message_id, kind=JobKind.DESCRIPTION).all()


def test_a_photo_is_described_apart_from_its_cleaning_and_nobody_waits(session: Session) -> None:
    choose(session, describe=True)
    client = identity(session)
    sent = send(session, client, stored())
    assert clean(session, image_jobs(session, sent.message_id)[0])
    (one,) = owed(session, sent.message_id)
    assert (one.queue, one.status) == (Queue.BACKGROUND, JobStatus.QUEUED)
    assert answer(session, sent.job_id)  # the reply does not wait for it
    for reader in (client, identity(session, Role.STAFF)):
        assert one.id not in [view.id for view in polling.open_jobs(session, reader, sent.conversation_id)]
        with pytest.raises(NotFoundError):
            polling.job(session, reader, one.id)
    claim = claimed(session, one.id, JobKind.DESCRIPTION)
    wanted = descriptions.to_describe(session, claim)
    assert wanted is not None
    assert wanted.media_type == "image/jpeg"
    assert descriptions.record(session, claim, SEEN)
    assert not descriptions.record(session, claim, "Autre chose.")  # the claim is over
    assert session.get_one(Attachment, claim.attachment, populate_existing=True).description == SEEN


def test_nothing_leaves_that_the_firm_does_not_send(session: Session) -> None:
    choose(session, describe=False)
    client = identity(session)
    sent = send(session, client, stored())
    assert clean(session, image_jobs(session, sent.message_id)[0])
    assert owed(session, sent.message_id) == []
    choose(session, describe=True)
    paper = send(session, client, stored())
    session.query(Attachment).filter_by(message_id=paper.message_id).update({"media_type": "application/pdf"})
    assert clean(session, image_jobs(session, paper.message_id)[0])
    assert owed(session, paper.message_id) == []
    staff = identity(session, Role.STAFF)
    said = desk.speak(session, staff, sent.conversation_id, "Voici", None)
    photos.attach(session, said.id, staff.account_id, [stored()])
    assert clean(session, image_jobs(session, said.id)[0])
    assert owed(session, said.id) == []


def test_a_choice_taken_back_and_a_photo_that_went_end_a_description(session: Session) -> None:
    choose(session, describe=True)
    sent = send(session, identity(session), stored(), stored())
    for each in image_jobs(session, sent.message_id):
        assert clean(session, each)
    first, second = (claimed(session, each.id, JobKind.DESCRIPTION) for each in owed(session, sent.message_id))
    lost = descriptions.to_describe(session, first)
    assert lost is not None
    assert files.lose(session, lost.key)
    assert descriptions.to_describe(session, first) is None
    assert descriptions.record(session, first, SEEN)
    assert session.get_one(Attachment, first.attachment, populate_existing=True).description is None
    choose(session, describe=False)
    assert descriptions.to_describe(session, second) is None
    assert descriptions.record(session, second, None)
