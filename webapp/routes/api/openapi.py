"""/api/openapi.json, made from the routes themselves and the models that validate them."""

from __future__ import annotations

import re
from functools import cache
from typing import TYPE_CHECKING, Any

from flask import Response, current_app, jsonify
from pydantic.json_schema import models_json_schema

from webapp.routes import access
from webapp.routes.api import api
from webapp.routes.api.calls import CALLS, Call
from webapp.routes.schemas import problems

if TYPE_CHECKING:
    from pydantic import BaseModel
    from werkzeug.routing import Rule

TAKEN, GIVEN = "validation", "serialization"  # pydantic's words for what a model reads and writes


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
    if content := _taken(call):
        operation["requestBody"] = {"required": True, "content": content}
    return operation


def _taken(call: Call) -> dict[str, Any]:
    content: dict[str, Any] = {}
    if call.body is not None:
        content["application/json"] = {"schema": _ref(call.body, TAKEN)}
    if call.form is not None:
        schema = {"type": "object", "properties": call.form, "required": list(call.form)[:1]}
        content["multipart/form-data"] = {"schema": schema}
    return content


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
            answers[str(status)]["content"] = {"application/json": {"schema": _ref(model, GIVEN)}}
    if call.file is not None:
        answers["200"]["content"] = {call.file: {"schema": {"type": "string", "format": "binary"}}}
    problem = {"application/problem+json": {"schema": _ref(problems.ProblemOut, GIVEN)}}
    return answers | {str(status): {"description": "Problem", "content": problem} for status in call.problems}


def _ref(model: type[BaseModel], mode: str) -> dict[str, str]:
    """Return the reference to what a model takes or gives; the two differ for one that does both."""
    found: dict[str, str] = _described()[0][model, mode]
    return found


def _schemas() -> dict[str, Any]:
    found: dict[str, Any] = _described()[1]["$defs"]
    return found


@cache
def _described() -> tuple[dict[Any, Any], dict[str, Any]]:
    bodies = [(call.body, TAKEN) for call in CALLS.values() if call.body is not None]
    answers = [(model, GIVEN) for call in CALLS.values() for model in call.answers.values() if model]
    unique = dict.fromkeys([*bodies, *answers, (problems.ProblemOut, GIVEN)])
    return models_json_schema(list(unique), ref_template="#/components/schemas/{model}")  # type: ignore[arg-type]  # literals


def _security() -> dict[str, Any]:
    return {
        "session": {"type": "apiKey", "in": "cookie", "name": current_app.config["JWT_ACCESS_COOKIE_NAME"]},
        "csrf": {"type": "apiKey", "in": "header", "name": "X-CSRF-TOKEN"},
    }
