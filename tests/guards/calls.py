"""A valid request for every route, so that only who calls decides the answer."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from uuid import UUID, uuid4

from tests.services.work import new_account, transaction
from webapp.domain import Audience, Author, FactKind, Language, Role
from webapp.models import Attachment, Document, Fact, Message
from webapp.services import documents, photos, saved_replies
from webapp.services.documents import NewDocument
from webapp.services.photos import NewFile
from webapp.services.saved_replies import Text

if TYPE_CHECKING:
    from collections.abc import Callable

    import httpx
    from flask import Flask
    from sqlalchemy.orm import Session
    from werkzeug.routing import Rule

    from tests.harness.api import ApiClient

IGNORED_METHODS = {"HEAD", "OPTIONS"}
IMAGES = {"images": ("a.png", b"\x89PNG\r\n\x1a\n", "image/png")}
FILE = {"file": ("notice.txt", b"La garantie dure cinq ans.", "text/plain")}

SETTINGS = {
    "name": "Volets du Nord",
    "accent": "#0f5f6b",
    "late_after_minutes": "15",
    "keep_conversations_days": "730",
    "keep_files_days": "90",
}

# What a call sends. A callable gets the objects of this call.
BODIES: dict[str, dict[str, Any]] = {
    "POST /api/auth/login": {"json": {"email": "nobody@example.com", "password": "wrong password"}},
    "POST /api/auth/register": {"json": {"email": "not an address", "password": "a password", "name": "N"}},
    "POST /api/chat": {"json": {"message": "Bonjour"}},
    "POST /api/upload_images": {"files": IMAGES},
    "POST /api/close_conversation": {"json": {"conversation_id": "{conversation_id}"}},
    "PATCH /api/conversations/<conversation_id>": {"json": {"subject": "Volet"}},
    "POST /api/conversations/<conversation_id>/messages": {"json": {"content": "Bonjour"}},
    "PUT /api/conversations/<conversation_id>/draft": {"json": {"content": "Bonjour"}},
    "POST /api/saved_replies": {"json": {"title": "{new}", "content": "Bonjour,"}},
    "PUT /api/saved_replies/<saved_reply_id>": {"json": {"title": "{new}", "content": "Bonjour,"}},
    "POST /conversations/<conversation_id>/draft": {"data": {"content": "Bonjour"}},
    "POST /conversations/<conversation_id>/proposal": {"data": {"content": "Bonjour"}},
    "POST /saved_replies": {"data": {"title": "{new}", "content": "Bonjour,"}},
    "POST /saved_replies/<saved_reply_id>": {"data": {"title": "{new}", "content": "Bonjour,"}},
    "POST /saved_replies/<saved_reply_id>/delete": {"data": {}},
    "POST /api/operations/pauses": {"json": {"subject": "documents", "reason": "Essai"}},
    "POST /operations/pauses": {"data": {"subject": "documents", "reason": "Essai"}},
    "POST /operations/pauses/<subject>/resume": {"data": {}},
    "POST /operations/jobs/<job_id>": {"data": {"act": "retry"}},
    "POST /api/knowledge/search": {"json": {"query": "garantie"}},
    "POST /api/messages/<message_id>/feedback": {"json": {"rating": "up"}},
    "POST /api/facts/<fact_id>": {"json": {"confirmed": True}},
    "POST /facts/<fact_id>": {"data": {"confirmed": "yes"}},
    "PUT /api/conversations/<conversation_id>/summary": {"json": {"summary": "Volet"}},
    "POST /api/conversations/<conversation_id>/closing_feedback": {"json": {"rating": "up"}},
    "POST /messages/<message_id>/feedback": {"data": {"rating": "up"}},
    "POST /conversations/<conversation_id>/closing_feedback": {"data": {"rating": "up"}},
    "POST /conversations/<conversation_id>/summary": {"data": {"summary": "Volet"}},
    "POST /api/knowledge/documents": {"files": FILE},
    "POST /api/users": {"json": {"email": "{new}@example.com", "name": "N", "role": "staff"}},
    "PATCH /api/users/<account_id>": {"json": {"role": "staff"}},
    "PUT /api/settings": {"json": {"name": "Volets du Nord"}},
    "PATCH /api/me": {"json": {"name": "N"}},
    "DELETE /api/me": {"json": {"password": "{password}"}},
    "POST /people": {"data": {"email": "{new}@example.com", "name": "N", "role": "staff"}},
    "POST /people/<account_id>": {"data": {"role": "staff"}},
    "POST /settings": {"data": SETTINGS},
    "POST /account": {"data": {"name": "N", "locale": "fr"}},
    "POST /account/password": {"data": {"current": "{password}", "password": "{password}"}},
    "POST /account/sign-ins": {"data": {}},
    "POST /account/erase": {"data": {"current": "{password}"}},
    "POST /forgot": {"data": {"email": "nobody@example.com"}},
    "POST /welcome/<secret>": {"data": {"password": "a password"}},
    "POST /knowledge": {"files": FILE, "data": {"audience": "public"}},
    "POST /login": {"data": {"email": "nobody@example.com", "password": "wrong password"}},
    "POST /register": {"data": {"email": "not an address", "password": "a password", "name": "N"}},
    "POST /chat": {"data": {"message": "Bonjour", "idempotency_key": "of-the-form"}},
    "POST /chat/<conversation_id>/person": {"data": {}},
    "POST /conversations/<conversation_id>/case": {"data": {"assistant": "on"}},
    "POST /conversations/<conversation_id>/close": {"data": {}},
    "POST /conversations/<conversation_id>/messages": {"data": {"content": "Bonjour"}},
}
PLAIN_ARGUMENTS = {"wanted": "en", "filename": "no-such-file.css", "secret": "no-such-link", "subject": "documents"}


@dataclass(frozen=True, slots=True)
class Objects:
    """What a customer owns, a document, one of the firm's people: the values of the arguments of routes."""

    conversation_id: str
    message_id: str
    job_id: str
    document_id: str
    account_id: str
    saved_reply_id: str
    fact_id: str
    attachment_id: str
    password: str

    @classmethod
    def all(cls, give: Callable[[], object]) -> Objects:
        """Make objects whose every value is `give`'s."""
        return cls(**{name: str(give()) for name in cls.__slots__})

    def fill(self, template: str) -> str:
        """Put the ids in the place of <arguments> and {fields}."""
        names = {name: getattr(self, name) for name in self.__slots__} | PLAIN_ARGUMENTS | {"new": uuid4().hex}
        return re.sub(r"[<{](?:\w+:)?(\w+)[>}]", lambda match: names[match[1]], template)


def objects(owner: ApiClient, database_url: str) -> Objects:
    """A case with a message whose slot holds the notice of a hand-over, and a document."""
    sent = owner.chat("Bonjour")
    conversation_id = sent["conversation_id"]
    assert owner.post(f"/api/conversations/{conversation_id}/handoff").status_code == 200
    with transaction(database_url) as session:
        notice = session.query(Message).filter_by(conversation_id=conversation_id, role=Author.ASSISTANT).one()
        new = NewDocument("notice.txt", uuid4().hex, 1, uuid4().hex, Audience.PUBLIC, None)
        document, _, _ = documents.add(session, new)
        assert isinstance(document, Document)
        return Objects(
            conversation_id,
            str(notice.id),
            sent["job"]["id"],
            str(document.id),
            str(new_account(session, Role.STAFF).id),
            str(saved_replies.add(session, Text(uuid4().hex, "Bonjour,", Language.FR)).id),
            str(_fact(session, UUID(conversation_id)).id),
            str(_attachment(session, UUID(sent["message"]["id"]), UUID(owner.user["id"])).id),
            owner.password,
        )


def _attachment(session: Session, message_id: UUID, author_id: UUID) -> Attachment:
    """A file that waits for its cleaning."""
    photos.attach(session, message_id, author_id, [NewFile("a.png", "image/png", uuid4().hex, 1, uuid4().hex)])
    return session.query(Attachment).filter_by(message_id=message_id).one()


def _fact(session: Session, conversation_id: UUID) -> Fact:
    fact = Fact(conversation_id=conversation_id, kind=FactKind.ORDER_NUMBER, value="CMD2024-001")
    session.add(fact)
    session.flush()
    return fact


def routes(app: Flask) -> dict[str, Rule]:
    """Every route by its name in these tables, such as `GET /chat/<conversation_id>`."""
    return {
        f"{method} {re.sub(r'<[a-z]+:', '<', rule.rule)}": rule
        for rule in app.url_map.iter_rules()
        for method in (rule.methods or set()) - IGNORED_METHODS
    }


def filled(body: dict[str, Any], own: Objects) -> dict[str, Any]:
    """Return what a call sends with the ids in their places."""
    return {
        kind: {name: own.fill(value) if isinstance(value, str) else value for name, value in body[kind].items()}
        for kind in ("json", "data")
        if body.get(kind)
    }


def send(client: ApiClient, route: str, own: Objects, **options: Any) -> httpx.Response:  # noqa: ANN401  # httpx's own
    """Make a valid request of that route about these objects."""
    method, _, path = route.partition(" ")
    given = {**BODIES.get(route, {}), **options}
    given |= filled(given, own)
    return client.request(method, own.fill(path), **given)
