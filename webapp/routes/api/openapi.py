"""/api/openapi.json, made from the routes themselves and the models that validate them."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import cache
from typing import TYPE_CHECKING, Any

from flask import Response, current_app, jsonify
from pydantic.json_schema import models_json_schema

from webapp.routes import access, schemas
from webapp.routes.api import api

if TYPE_CHECKING:
    from pydantic import BaseModel
    from werkzeug.routing import Rule


@dataclass(frozen=True, slots=True)
class Call:
    """What a route takes and gives. `answers` maps a status to its model, None where there is no body."""

    summary: str
    answers: dict[int, type[BaseModel] | None]
    body: type[BaseModel] | None = None
    form: dict[str, Any] | None = None
    query: tuple[str, ...] = ()
    needs_key: bool = False
    problems: tuple[int, ...] = field(default=(400, 401, 403, 404, 409, 413, 415, 422, 429, 503))


FILE_FORM = {
    "file": {"type": "string", "format": "binary"},
    "audience": {"type": "string", "enum": ["public", "internal"], "default": "public"},
}

CALLS: dict[str, Call] = {
    "api.register": Call("Create a customer's account and sign in", {201: schemas.UserEnvelopeOut}, schemas.RegisterIn),
    "api.login": Call("Sign in", {200: schemas.UserEnvelopeOut}, schemas.LoginIn),
    "api.refresh": Call("Renew the session", {200: schemas.UserEnvelopeOut}),
    "api.logout": Call("Sign out", {204: None}),
    "api.who_am_i": Call("Who is signed in", {200: schemas.UserEnvelopeOut}),
    "api.chat": Call(
        "Send a message", {202: schemas.AcceptedOut, 200: schemas.AcceptedOut}, schemas.ChatIn, needs_key=True
    ),
    "api.job": Call("Follow a job", {200: schemas.JobOut, 304: None}),
    "api.conversations": Call(
        "List conversations",
        {200: schemas.ConversationListOut},
        query=("status", "assignee", "sort", "cursor", "limit"),
    ),
    "api.conversation": Call(
        "Read a conversation from a seq on", {200: schemas.ConversationOut, 304: None}, query=("after",)
    ),
    "api.patch_conversation": Call(
        "Change a conversation", {200: schemas.ConversationOut}, schemas.ConversationPatchIn
    ),
    "api.speak": Call("Answer as a person", {201: schemas.MessageOut}, schemas.StaffMessageIn),
    "api.handoff": Call("Ask for a person", {200: schemas.ConversationOut}, schemas.HandoffIn),
    "api.reopen": Call("Reopen a conversation", {200: schemas.ConversationOut}),
    "api.close": Call("Close a conversation", {202: schemas.ClosedOut, 200: schemas.DeletedOut}, schemas.CloseIn),
    "api.feedback": Call("Rate a reply", {204: None}, schemas.FeedbackIn),
    "api.export": Call("The whole conversation", {200: schemas.ConversationOut}),
    "api.add_document": Call("Add a document", {202: schemas.DocumentAcceptedOut}, form=FILE_FORM),
    "api.documents": Call("List documents", {200: schemas.DocumentListOut}, query=("cursor", "limit")),
    "api.document": Call("Read a document's state", {200: schemas.DocumentOut}),
    "api.delete_document": Call("Withdraw a document", {204: None}),
    "api.index": Call("State of the index", {200: schemas.IndexOut}),
    "api.search": Call("Search the documents", {202: schemas.SearchAcceptedOut}, schemas.SearchIn),
    "api.document_api": Call("This description", {200: None}, problems=()),
}


@api.get("/openapi.json")
@access.anyone
def document_api() -> Response:
    response = jsonify(description())
    response.headers["Cache-Control"] = "public, max-age=300"
    return response


@cache
def description() -> dict[str, Any]:
    """Return the OpenAPI 3.1 document of the application that runs."""
    rules = [rule for rule in current_app.url_map.iter_rules() if rule.endpoint.startswith("api.")]
    paths: dict[str, dict[str, Any]] = {}
    for rule in rules:
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}:
            paths.setdefault(_path(rule), {})[method.lower()] = _operation(rule, CALLS[rule.endpoint], method)
    return {
        "openapi": "3.1.0",
        "info": {"title": "Chatbot SAV", "version": "1", "license": {"name": "AGPL-3.0-or-later"}},
        "paths": paths,
        "components": {"schemas": _schemas(), "securitySchemes": _security()},
    }


def _path(rule: Rule) -> str:
    return re.sub(r"<(?:[^:<>]+:)?([^<>]+)>", r"{\1}", rule.rule)


def _operation(rule: Rule, call: Call, method: str) -> dict[str, Any]:
    role = access.declared(current_app.view_functions[rule.endpoint])
    operation: dict[str, Any] = {
        "operationId": rule.endpoint.partition(".")[2],
        "summary": call.summary,
        "description": f"Who may call: {role}.",
        "parameters": _parameters(rule, call),
        "responses": _responses(call),
    }
    if role != "anyone":
        operation["security"] = [{"session": []} if method == "GET" else {"session": [], "csrf": []}]
    if call.body is not None:
        operation["requestBody"] = {"required": True, "content": {"application/json": {"schema": _ref(call.body)}}}
    if call.form is not None:
        schema = {"type": "object", "properties": call.form, "required": ["file"]}
        operation["requestBody"] = {"required": True, "content": {"multipart/form-data": {"schema": schema}}}
    return operation


def _parameters(rule: Rule, call: Call) -> list[dict[str, Any]]:
    text = {"type": "string"}
    inside = [{"name": name, "in": "path", "required": True, "schema": text} for name in sorted(rule.arguments)]
    asked = [{"name": name, "in": "query", "required": False, "schema": text} for name in call.query]
    key = [{"name": "Idempotency-Key", "in": "header", "required": True, "schema": text | {"maxLength": 200}}]
    return inside + asked + (key if call.needs_key else [])


def _responses(call: Call) -> dict[str, Any]:
    answers: dict[str, Any] = {}
    for status, model in call.answers.items():
        answers[str(status)] = {"description": "Done"}
        if model is not None:
            answers[str(status)]["content"] = {"application/json": {"schema": _ref(model)}}
    problem = {"application/problem+json": {"schema": _ref(schemas.ProblemOut)}}
    return answers | {str(status): {"description": "Problem", "content": problem} for status in call.problems}


def _ref(model: type[BaseModel]) -> dict[str, str]:
    return {"$ref": f"#/components/schemas/{model.__name__}"}


def _schemas() -> dict[str, Any]:
    bodies = [(call.body, "validation") for call in CALLS.values() if call.body is not None]
    answers = [(model, "serialization") for call in CALLS.values() for model in call.answers.values() if model]
    unique = dict.fromkeys([*bodies, *answers, (schemas.ProblemOut, "serialization")])
    _, definitions = models_json_schema(list(unique), ref_template="#/components/schemas/{model}")  # type: ignore[arg-type]  # literals
    found: dict[str, Any] = definitions["$defs"]
    return found


def _security() -> dict[str, Any]:
    return {
        "session": {"type": "apiKey", "in": "cookie", "name": "access_token"},
        "csrf": {"type": "apiKey", "in": "header", "name": "X-CSRF-TOKEN"},
    }
