from __future__ import annotations

from typing import TYPE_CHECKING

from flask import Response, request

from webapp.domain import ConversationStatus, Language
from webapp.errors import InvalidError
from webapp.extensions import db
from webapp.routes import access, views
from webapp.routes.access import me
from webapp.routes.acts.messages import speak_with_files
from webapp.routes.answers import reply, tagged, unchanged
from webapp.routes.api import api
from webapp.routes.requests import an_id, body, form, limit, number, optional_key, read_cursor
from webapp.routes.schemas.conversations import ConversationPatchIn, HandoffIn
from webapp.routes.schemas.messages import StaffMessageIn
from webapp.routes.schemas.photos import StaffFilesIn
from webapp.routes.uploads import sent_files, takes_files
from webapp.services import conversations as cases
from webapp.services import desk, polling
from webapp.services.lists import Filter

if TYPE_CHECKING:
    from uuid import UUID

SORTS = ("activity", "wait")
NOBODY = "none"
MAX_SEARCH_LENGTH = 300


@api.get("/conversations")
@access.signed_in
def conversations() -> Response:
    return reply(views.listing(_filter()))


def _filter() -> Filter:
    status, language = _choice("status", tuple(ConversationStatus)), _choice("language", tuple(Language))
    unread, assignee = _choice("unread", ("true", "false")), request.args.get("assignee")
    return Filter(
        status=ConversationStatus(status) if status else None,
        language=Language(language) if language else None,
        assignee_id=_person(assignee) if assignee != NOBODY else None,
        unassigned=assignee == NOBODY,
        client_id=_person(request.args.get("client")),
        unread=unread == "true" if unread else None,
        by_wait=_choice("sort", SORTS) == "wait",
        q=_words(),
        after=read_cursor(request.args.get("cursor")),
        limit=limit(),
    )


def _person(given: str | None) -> UUID | None:
    return me().account_id if given == "me" else an_id(given) if given else None


def _words() -> str:
    given = request.args.get("q", "")
    if len(given) > MAX_SEARCH_LENGTH:
        raise InvalidError(field="q")
    return given


def _choice(name: str, allowed: tuple[str, ...]) -> str | None:
    given = request.args.get(name)
    if given and given not in allowed:
        raise InvalidError(field=name)
    return given or None


@api.get("/conversations/<conversation_id>")
@access.signed_in
def conversation(conversation_id: str) -> Response:
    row = cases.get(db.session(), me(), an_id(conversation_id))
    after = number("after", 0, low=0, high=views.MAX_SEQ)
    jobs = polling.open_jobs(db.session(), me(), row.id)
    writers = views.writing(row.id)
    stands = views.standing_of(row)
    tag = views.entity_tag(row, jobs, after, writers, stands)
    return unchanged(tag) or tagged(views.conversation_of(row, jobs, after, writers, stands), tag)


@api.patch("/conversations/<conversation_id>")
@access.staff
def patch_conversation(conversation_id: str) -> Response:
    wanted = body(ConversationPatchIn)
    found = an_id(conversation_id)
    desk.change(db.session(), me(), found, _change(wanted))
    db.session.commit()
    return reply(views.conversation(found))


def _change(wanted: ConversationPatchIn) -> desk.Change:
    return desk.Change(
        status=ConversationStatus(wanted.status) if wanted.status else None,
        assignee_id=an_id(wanted.assignee_id) if wanted.assignee_id else None,
        unassign="assignee_id" in wanted.model_fields_set and wanted.assignee_id is None,
        subject=wanted.subject,
        assistant_on=None if wanted.assistant is None else wanted.assistant == "on",
    )


@api.post("/conversations/<conversation_id>/messages")
@access.staff
@takes_files
def speak(conversation_id: str) -> Response:
    """Take JSON, or a form with files, which may stand for the words."""
    is_form = request.mimetype == "multipart/form-data"
    files = sent_files() if is_form else ()
    if files:
        content = form(StaffFilesIn).content
    else:
        content = (form(StaffMessageIn) if is_form else body(StaffMessageIn)).content
    message = speak_with_files(an_id(conversation_id), content, optional_key(), files)
    return reply(views.message(cases.get_message(db.session(), me(), message.id)), 201)


@api.post("/conversations/<conversation_id>/handoff")
@access.client
def handoff(conversation_id: str) -> Response:
    wanted = body(HandoffIn) if request.get_data() else HandoffIn()
    found = an_id(conversation_id)
    cases.ask_for_a_person(db.session(), me(), found, wanted.reason)
    db.session.commit()
    return reply(views.conversation(found))
