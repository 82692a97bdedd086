"""Files of messages: accepted with them, awaited by their reply, decided once, gone in time."""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import UUID

import pytest
from sqlalchemy import text

from tests.services.pictures import clean, image_jobs, send, stored
from tests.services.work import answer, claimed, identity, job, slot
from webapp.domain import AttachmentState, FactKind, FoundFact, HandoverReason, JobKind, JobStatus, Outcome, Queue, Role
from webapp.errors import TooManyFilesADayError
from webapp.models import Attachment, AttachmentFile, Conversation, Fact, Job, RemovedFile
from webapp.services import (
    cleaning,
    conversations,
    desk,
    files,
    firm,
    jobs,
    photos,
    readings,
    retention,
    summaries,
    supervision,
)

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from webapp.services.messages import Accepted


def attachments(session: Session, accepted: Accepted) -> list[Attachment]:
    session.expire_all()
    rows = session.query(Attachment).filter_by(message_id=accepted.message_id)
    return rows.order_by(Attachment.position).all()


def is_due(session: Session, accepted: Accepted) -> bool:
    return bool(
        session.execute(
            text("SELECT next_at <= clock_timestamp() AND published_at IS NULL FROM job WHERE id = :id"),
            {"id": accepted.job_id},
        ).scalar_one()
    )


def test_the_reply_waits_for_the_last_file_and_no_longer(session: Session) -> None:
    sent = send(session, identity(session), stored(), stored(), stored())
    first, second, third = image_jobs(session, sent.message_id)
    version = session.get_one(Conversation, sent.conversation_id).version
    assert clean(session, second)
    assert not is_due(session, sent)
    assert supervision.refuse(session, claimed(session, first, JobKind.IMAGE), "broken")
    assert not is_due(session, sent)
    assert jobs.claim(session, UUID(str(sent.job_id)), JobKind.REPLY, worker_key=1, lease_s=60) is None
    supervision.give_up(session, third, HandoverReason.DEADLINE)
    assert is_due(session, sent)
    told = [(each.state, each.reason) for each in attachments(session, sent)]
    assert told == [
        (AttachmentState.REJECTED, "broken"),
        (AttachmentState.CLEAN, None),
        (AttachmentState.REJECTED, "deadline"),
    ]
    assert [job(session, each).status for each in (first, second, third)] == [
        *(JobStatus.FAILED, JobStatus.SUCCEEDED),
        JobStatus.FAILED,
    ]
    assert session.get_one(Conversation, sent.conversation_id, populate_existing=True).version == version + 3
    assert answer(session, sent.job_id)


def test_files_that_are_never_cleaned_do_not_hold_the_reply(session: Session) -> None:
    sent = send(session, identity(session), stored())
    waits = session.execute(
        text("SELECT extract(epoch FROM next_at - created_at) FROM job WHERE id = :id"), {"id": sent.job_id}
    ).scalar_one()
    assert 0 < float(waits) <= photos.REPLY_WAITS_S + 1
    # Whoever hands over does not ask what the reply waits for.
    supervision.give_up(session, UUID(str(sent.job_id)), HandoverReason.DEADLINE)
    notice = slot(session, sent)
    assert notice is not None
    assert notice.outcome is Outcome.HANDED_OVER
    assert clean(session, image_jobs(session, sent.message_id)[0])  # and the picture is shown all the same


def test_an_attempt_that_lost_its_claim_changes_nothing(session: Session) -> None:
    sent = send(session, identity(session), stored())
    (image,) = image_jobs(session, sent.message_id)
    late = claimed(session, image, JobKind.IMAGE)
    assert jobs.requeue(session, late)
    assert clean(session, image)
    outcome = cleaning.Outcome((), "image/jpeg", 1, 1)
    assert not cleaning.record(session, late, outcome)
    assert not supervision.refuse(session, late, "broken")
    cleaning.reject(session, attachments(session, sent)[0].id, "broken")
    (found,) = attachments(session, sent)
    assert (found.state, found.width) == (AttachmentState.CLEAN, 40)


def test_what_was_sent_goes_once_it_is_decided(session: Session) -> None:
    sent = send(session, identity(session), good := stored(), bad := stored())
    ids = image_jobs(session, sent.message_id)
    assert session.get_one(AttachmentFile, good.key).variant == "original"
    assert clean(session, ids[0])
    supervision.give_up(session, ids[1], HandoverReason.CRASHES)
    assert {good.key, bad.key} <= set(files.removed(session))
    assert good.key in files.keys_of_photos(session)
    files.forget_removed(session, [good.key])
    assert good.key not in files.keys_of_photos(session)
    assert session.get(RemovedFile, bad.key) is not None
    assert [shown.pages for shown in photos.of_messages(session, [sent.message_id])[sent.message_id]] == [1, 0]


def test_what_was_read_is_proposed_with_the_picture(session: Session) -> None:
    sent = send(session, identity(session), stored())
    claim = claimed(session, image_jobs(session, sent.message_id)[0], JobKind.IMAGE)
    found = (FoundFact(FactKind.ORDER_NUMBER, "BX-1234"),)
    outcome = cleaning.Outcome((), "image/jpeg", 1, 1, transcript="Commande BX-1234", found=found)
    assert cleaning.record(session, claim, outcome)
    assert [fact.value for fact in session.query(Fact).filter_by(conversation_id=sent.conversation_id)] == ["BX-1234"]


def test_a_day_has_its_number_of_files(session: Session) -> None:
    client = identity(session)
    send(session, client, stored(), stored())
    photos.check_quota(session, client.account_id, 1, 3)
    photos.check_quota(session, client.account_id, 100, None)
    for coming, most in ((2, 3), (1, 2), (5, 4)):
        with pytest.raises(TooManyFilesADayError) as refused:
            photos.check_quota(session, client.account_id, coming, most)
        assert 0 < refused.value.retry_after <= 86_400
    session.execute(text("UPDATE attachment SET created_at = created_at - interval '23 h' WHERE position = 1"))
    with pytest.raises(TooManyFilesADayError) as soon:
        photos.check_quota(session, client.account_id, 1, 2)
    assert soon.value.retry_after <= 3600


def test_a_row_whose_file_is_gone_says_so(session: Session) -> None:
    sent = send(session, identity(session), stored(), waits := stored())
    assert clean(session, image_jobs(session, sent.message_id)[0])
    one, two = attachments(session, sent)
    full = session.query(AttachmentFile).filter_by(attachment_id=one.id, variant="full").one()
    assert files.lose(session, full.key)
    assert not files.lose(session, full.key)
    assert files.lose(session, waits.key)
    session.expire_all()
    assert [(each.state, each.reason) for each in (one, two)] == [(AttachmentState.REJECTED, "lost")] * 2
    assert session.query(AttachmentFile).filter(AttachmentFile.attachment_id.in_((one.id, two.id))).all() == []
    assert is_due(session, sent)  # nothing of it is waited for any more
    assert supervision.refuse(session, claimed(session, image_jobs(session, sent.message_id)[1], JobKind.IMAGE), "lost")


def test_files_go_their_time_after_the_case_is_closed(session: Session) -> None:
    firm.change(session, identity(session, Role.ADMIN).account_id, firm.Choices(keep_files_days=30))

    def closed(days: int) -> Accepted:
        client = identity(session)
        sent = send(session, client, stored(), stored(), text="Voici")
        assert clean(session, image_jobs(session, sent.message_id)[0], text="Commande BX-1")
        conversations.close(session, client, sent.conversation_id)
        ago = text("UPDATE conversation SET closed_at = closed_at - make_interval(days => :d) WHERE id = :id")
        session.execute(ago, {"d": days, "id": sent.conversation_id})
        return sent

    old, recent, opened = closed(31), closed(29), send(session, identity(session), stored())
    version = session.get_one(Conversation, old.conversation_id, populate_existing=True).version
    assert retention.expired_files(session) == 2
    assert {each.state for each in attachments(session, old)} == {AttachmentState.CLEAN, AttachmentState.PENDING}
    assert retention.remove_expired_files(session) == 2
    assert (retention.expired_files(session), retention.remove_expired_files(session)) == (0, 0)
    gone = attachments(session, old)
    assert [(each.state, each.reason, each.transcript) for each in gone] == [
        (AttachmentState.REJECTED, "expired", "")
    ] * 2
    assert (
        session.query(AttachmentFile).filter(AttachmentFile.attachment_id.in_([each.id for each in gone])).all() == []
    )
    assert session.get_one(Conversation, old.conversation_id, populate_existing=True).version == version + 1
    for kept in (recent, opened):
        assert AttachmentState.REJECTED not in {each.state for each in attachments(session, kept)}
    assert photos.sent_by_client(session, old.conversation_id)  # a summary may still say that there were some


def test_a_summary_knows_of_photos(session: Session) -> None:
    client = identity(session)
    with_files, without = send(session, client, stored()), send(session, client, text="Sans photo")
    assert photos.sent_by_client(session, with_files.conversation_id)
    assert not photos.sent_by_client(session, without.conversation_id)
    conversations.close(session, client, with_files.conversation_id)
    owed = summaries.owe(session, session.get_one(Conversation, with_files.conversation_id), client.account_id)
    reading = summaries.reading(session, claimed(session, owed, JobKind.SUMMARY))
    assert reading is not None
    assert reading.case.photos
    refused = send(session, client, stored())
    supervision.give_up(session, image_jobs(session, refused.message_id)[0], HandoverReason.CRASHES)
    assert not photos.sent_by_client(session, refused.conversation_id)


def test_a_picture_is_shown_before_it_is_read_and_read_before_it_is_spoken_of(session: Session) -> None:
    sent = send(session, identity(session), stored(), stored())
    first, second = image_jobs(session, sent.message_id)
    assert clean(session, first, text="")
    owed = session.query(Job).filter(Job.request["step"].astext == "read").one()
    claim = claimed(session, owed.id, JobKind.IMAGE)
    wanted = readings.to_read(session, claim)
    assert (len(wanted.keys), wanted.cleaning_waits) == (1, True)  # the second file is not shown yet
    assert clean(session, second)
    assert not is_due(session, sent)
    assert jobs.requeue(session, claim)
    claim = claimed(session, owed.id, JobKind.IMAGE)
    assert not readings.to_read(session, claim).cleaning_waits
    found = (FoundFact(FactKind.ORDER_NUMBER, "BX-1234"),)
    version = session.get_one(Conversation, sent.conversation_id, populate_existing=True).version
    assert readings.record(session, claim, readings.Reading("Commande BX-1234", found))
    assert not readings.record(session, claim, readings.Reading("Encore", ()))
    assert is_due(session, sent)
    assert [each.transcript for each in attachments(session, sent)] == ["Commande BX-1234", "Lu."]
    assert session.get_one(Conversation, sent.conversation_id, populate_existing=True).version > version


def test_a_new_file_is_cleaned_before_all_that_is_still_to_be_read(session: Session) -> None:
    client = identity(session)
    read = [send(session, client, stored()) for _ in range(2)]
    for each in read:
        assert clean(session, image_jobs(session, each.message_id)[0], text="")
    (cleaning_job,) = image_jobs(session, send(session, client, stored()).message_id)
    readings_owed = {job.id for job in session.query(Job).filter(Job.request["step"].astext == "read")}
    ((first, _),) = jobs.publishable(session, Queue.IMAGES, 1)
    assert first == cleaning_job
    assert {job_id for job_id, _ in jobs.publishable(session, Queue.IMAGES, 9)} == {cleaning_job, *readings_owed}


def test_a_reading_that_fails_takes_nothing_away(session: Session) -> None:
    sent = send(session, identity(session), stored())
    assert clean(session, image_jobs(session, sent.message_id)[0], text="")
    owed = session.query(Job).filter(Job.request["step"].astext == "read").one()
    supervision.give_up(session, owed.id, HandoverReason.CRASHES)
    assert is_due(session, sent)
    assert attachments(session, sent)[0].state is AttachmentState.CLEAN
    # What the firm's people send is shown and not read.
    staff = identity(session, Role.STAFF)
    said = desk.speak(session, staff, sent.conversation_id, "Voici", None)
    photos.attach(session, said.id, staff.account_id, [stored()])
    before = session.query(Job).count()
    assert clean(session, image_jobs(session, said.id)[0], text="")
    assert session.query(Job).count() == before
