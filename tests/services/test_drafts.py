"""Drafts of staff: one each, found again as it was, and what they tell the others."""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import uuid4

import pytest
from sqlalchemy import func, update

from tests.services.work import identity, say
from webapp.domain import Role
from webapp.errors import NotFoundError
from webapp.models import StaffDraft
from webapp.services import desk, drafts

if TYPE_CHECKING:
    from uuid import UUID

    from sqlalchemy.orm import Session

    from webapp.services.accounts import Identity


@pytest.fixture
def staff(session: Session) -> Identity:
    return identity(session, Role.STAFF)


@pytest.fixture
def case(session: Session) -> UUID:
    return say(session, identity(session)).conversation_id


def _content(session: Session, staff: Identity, case: UUID) -> str | None:
    found = drafts.read(session, staff, case)
    return found.content if found else None


def test_a_draft_is_kept_as_it_was_and_is_ones_own(session: Session, staff: Identity, case: UUID) -> None:
    assert _content(session, staff, case) is None
    drafts.keep(session, staff, case, "  Bonjour,\n")
    drafts.keep(session, staff, case, "  Bonjour,\n\nje regarde.  ")
    assert _content(session, staff, case) == "  Bonjour,\n\nje regarde.  "
    assert _content(session, identity(session, Role.ADMIN), case) is None


def test_nothing_written_is_no_draft(session: Session, staff: Identity, case: UUID) -> None:
    drafts.keep(session, staff, case, "Bonjour")
    drafts.keep(session, staff, case, " \n ")
    assert _content(session, staff, case) is None


def test_there_is_no_draft_where_there_is_no_case(session: Session, staff: Identity) -> None:
    with pytest.raises(NotFoundError):
        drafts.keep(session, staff, uuid4(), "x")
    with pytest.raises(NotFoundError):
        drafts.read(session, staff, uuid4())


def test_the_others_see_who_writes_for_some_seconds(session: Session, staff: Identity, case: UUID) -> None:
    colleague = identity(session, Role.ADMIN)
    drafts.keep(session, staff, case, "Bonjour")
    assert drafts.others_writing(session, staff.account_id, case) == []
    assert drafts.others_writing(session, colleague.account_id, case) == [staff.name]
    session.execute(update(StaffDraft).values(updated_at=func.clock_timestamp() - drafts.STILL_WRITING))
    assert drafts.others_writing(session, colleague.account_id, case) == []
    assert _content(session, staff, case) == "Bonjour"
    drafts.keep(session, staff, case, "Bonjour")
    assert drafts.others_writing(session, colleague.account_id, case) == [staff.name]


def test_a_draft_goes_when_it_is_sent_and_no_other_does(session: Session, staff: Identity, case: UUID) -> None:
    colleague, elsewhere = identity(session, Role.ADMIN), say(session, identity(session)).conversation_id
    for who, where in ((staff, case), (staff, elsewhere), (colleague, case)):
        drafts.keep(session, who, where, "Bonjour")
    desk.speak(session, staff, case, "Bonjour", None)
    left = [_content(session, who, where) for who, where in ((staff, case), (staff, elsewhere), (colleague, case))]
    assert left == [None, "Bonjour", "Bonjour"]
