"""A valid request for every route, so that only who calls decides the answer."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from tests.services.work import transaction
from webapp.domain import Audience, Author
from webapp.models import Document, Message
from webapp.services import documents
from webapp.services.documents import NewDocument

if TYPE_CHECKING:
    import httpx
    from flask import Flask
    from werkzeug.routing import Rule

    from tests.harness.api import ApiClient

IGNORED_METHODS = {"HEAD", "OPTIONS"}
FILE = {"file": ("notice.txt", b"La garantie dure cinq ans.", "text/plain")}

# What a call sends. A callable gets the objects of this call.
BODIES: dict[str, dict[str, Any]] = {
    "POST /api/auth/login": {"json": {"email": "nobody@example.com", "password": "wrong password"}},
    "POST /api/auth/register": {"json": {"email": "not an address", "password": "a password", "name": "N"}},
    "POST /api/chat": {"json": {"message": "Bonjour"}},
    "POST /api/close_conversation": {"json": {"conversation_id": "{conversation_id}"}},
    "PATCH /api/conversations/<conversation_id>": {"json": {"subject": "Volet"}},
    "POST /api/conversations/<conversation_id>/messages": {"json": {"content": "Bonjour"}},
    "POST /api/knowledge/search": {"json": {"query": "garantie"}},
    "POST /api/messages/<message_id>/feedback": {"json": {"rating": "up"}},
    "POST /api/knowledge/documents": {"files": FILE},
    "POST /knowledge": {"files": FILE, "data": {"audience": "public"}},
    "POST /login": {"data": {"email": "nobody@example.com", "password": "wrong password"}},
    "POST /register": {"data": {"email": "not an address", "password": "a password", "name": "N"}},
    "POST /chat": {"data": {"message": "Bonjour", "idempotency_key": "of-the-form"}},
    "POST /chat/<conversation_id>/person": {"data": {}},
    "POST /conversations/<conversation_id>/case": {"data": {"assistant": "on"}},
    "POST /conversations/<conversation_id>/close": {"data": {}},
    "POST /conversations/<conversation_id>/messages": {"data": {"content": "Bonjour"}},
}
PLAIN_ARGUMENTS = {"wanted": "en", "filename": "no-such-file.css"}


@dataclass(frozen=True, slots=True)
class Objects:
    """What a customer owns, and a published document: the values of the arguments of routes."""

    conversation_id: str
    message_id: str
    job_id: str
    document_id: str

    def fill(self, template: str) -> str:
        """Put the ids in the place of <arguments> and {fields}."""
        names = {name: getattr(self, name) for name in self.__slots__} | PLAIN_ARGUMENTS
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
        return Objects(conversation_id, str(notice.id), sent["job"]["id"], str(document.id))


def routes(app: Flask) -> dict[str, Rule]:
    """Every route by its name in these tables, such as `GET /chat/<conversation_id>`."""
    return {
        f"{method} {re.sub(r'<[a-z]+:', '<', rule.rule)}": rule
        for rule in app.url_map.iter_rules()
        for method in (rule.methods or set()) - IGNORED_METHODS
    }


def send(client: ApiClient, route: str, own: Objects, **options: Any) -> httpx.Response:  # noqa: ANN401  # httpx's own
    """Make a valid request of that route about these objects."""
    method, _, path = route.partition(" ")
    given = {**BODIES.get(route, {}), **options}
    if given.get("json"):
        given["json"] = {name: own.fill(value) for name, value in given["json"].items()}
    return client.request(method, own.fill(path), **given)
