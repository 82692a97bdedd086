"""Everything about me is everything: each table that leads to an account is in it, or stands here with its reason."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from sqlalchemy import event

from tests.services import pictures
from tests.services.work import identity
from webapp.domain import FactKind, FoundFact
from webapp.models import Attachment, Base
from webapp.services import facts, privacy

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

LEFT_OUT = {
    "change": "what the firm's people changed in settings and access",
    "conversation_search": "the words of a conversation once more, folded to be searched",
    "document": "the firm's own",
    "draft": "the beginning of a reply, gone when the reply is there",
    "job": "how our work on her messages went; what came of it is in them",
    "link": "a digest of a secret, and when it is too old",
    "passage": "the firm's own, as its document",
    "pause": "what the firm's people had stand still",
    "staff_draft": "what one of the firm's people has not said yet",
}
READ = re.compile(r"\b(?:FROM|JOIN) (\w+)")


def _leading_to_an_account() -> set[str]:
    found: set[str] = set()
    more = {"account"}
    while more:
        found |= more
        more = {name for name, table in Base.metadata.tables.items() if found & _pointed_at(name)} - found
    return found


def _pointed_at(name: str) -> set[str]:
    return {key.column.table.name for key in Base.metadata.tables[name].foreign_keys}


def _read_by_the_export(session: Session) -> set[str]:
    """The tables it asks, about a customer who has something in each."""
    me = identity(session)
    sent = pictures.send(session, me, pictures.stored())
    attachment = session.query(Attachment).filter_by(message_id=sent.message_id).one()
    facts.propose(session, attachment, [FoundFact(FactKind.ORDER_NUMBER, "CMD2024-0117")])
    asked: list[str] = []
    connection = session.connection()

    def note(*of_a_statement: object) -> None:
        asked.append(str(of_a_statement[2]))

    event.listen(connection, "before_cursor_execute", note)
    list(privacy.everything_about(session, me.account_id))
    list(privacy.pictures_about(session, me.account_id))
    event.remove(connection, "before_cursor_execute", note)
    return {name for statement in asked for name in READ.findall(statement)}


def test_what_leads_to_an_account_is_in_its_export_or_left_out_for_a_reason(session: Session) -> None:
    read = _read_by_the_export(session)
    assert read & LEFT_OUT.keys() == set()
    assert read | LEFT_OUT.keys() == _leading_to_an_account()
