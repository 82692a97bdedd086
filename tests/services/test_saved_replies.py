from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import uuid4

import pytest

from webapp.domain import Language
from webapp.errors import NotFoundError, TitleTakenError
from webapp.services import saved_replies
from webapp.services.saved_replies import Text

if TYPE_CHECKING:
    from sqlalchemy.orm import Session


def _text(title: str, content: str = "Bonjour,") -> Text:
    return Text(title, content, Language.FR)


def test_they_are_listed_by_title_whatever_its_capitals(session: Session) -> None:
    for title in ("délai", "Accusé", "Bienvenue"):
        saved_replies.add(session, _text(title))
    assert [row.title for row in saved_replies.find(session)] == ["Accusé", "Bienvenue", "délai"]


def test_a_title_is_of_one_reply_only(session: Session) -> None:
    first = saved_replies.add(session, _text("Délai"))
    second = saved_replies.add(session, _text("Accusé"))
    with pytest.raises(TitleTakenError):
        saved_replies.add(session, _text("Délai"))
    with pytest.raises(TitleTakenError):
        saved_replies.change(session, second.id, _text("Délai"))
    changed = saved_replies.change(session, first.id, Text("Délai", "Two days.", Language.EN))
    assert (changed.content, changed.language) == ("Two days.", Language.EN)


def test_one_that_is_gone_is_not_there(session: Session) -> None:
    row = saved_replies.add(session, _text("Délai"))
    saved_replies.remove(session, row.id)
    assert saved_replies.find(session) == []
    for call in (saved_replies.remove, saved_replies.get):
        with pytest.raises(NotFoundError):
            call(session, row.id)
    with pytest.raises(NotFoundError):
        saved_replies.change(session, uuid4(), _text("Délai"))
