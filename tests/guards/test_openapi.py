"""The description at /api/openapi.json is whole, well formed, and true of real answers."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest

from tests.guards.calls import BODIES, Objects, objects, routes, send
from tests.guards.json_schema import SAYS_NOTHING, WORDS, MismatchError, check
from tests.guards.test_access import ERASES, EXPECTED, WHO
from webapp.routes import access

if TYPE_CHECKING:
    import httpx
    from flask import Flask

    from tests.harness.api import ApiClient

METHODS = {"get", "post", "put", "patch", "delete"}
PLACES = {"path", "query", "header"}
API = sorted(route for route in EXPECTED if "/api/" in route and "openapi" not in route)

Description = dict[str, Any]


@pytest.fixture
def description(anonymous: ApiClient) -> Description:
    answer = anonymous.get("/api/openapi.json")
    assert answer.headers["Content-Type"] == "application/json"
    found: Description = answer.json()
    return found


def _operations(description: Description) -> dict[str, Description]:
    return {
        f"{method.upper()} {path.replace('{', '<').replace('}', '>')}": operation
        for path, methods in description["paths"].items()
        for method, operation in methods.items()
    }


def test_every_api_route_is_described_and_nothing_else(app: Flask, description: Description) -> None:
    assert set(_operations(description)) == {name for name in routes(app) if "/api/" in name}


def test_the_document_has_the_shape_of_openapi_31(description: Description) -> None:
    assert set(description) == {"openapi", "info", "paths", "components"}
    assert re.fullmatch(r"3\.1\.\d", description["openapi"])
    assert description["info"]["title"]
    assert description["info"]["version"]
    for path, methods in description["paths"].items():
        assert path.startswith("/")
        assert set(methods) <= METHODS
    operations = _operations(description)
    assert len({each["operationId"] for each in operations.values()}) == len(operations)
    for name, operation in operations.items():
        _check_operation(name, operation, set(description["components"]["securitySchemes"]))


def _check_operation(name: str, operation: Description, schemes: set[str]) -> None:
    assert operation["responses"], name
    for status, response in operation["responses"].items():
        assert re.fullmatch(r"[1-5]\d\d", status), name
        assert response["description"], name
    parameters = operation["parameters"]
    assert all(each["in"] in PLACES and each["schema"] for each in parameters), name
    inside = {each["name"] for each in parameters if each["in"] == "path" and each["required"]}
    assert inside == set(re.findall(r"<(.*?)>", name)), name
    assert all(set(each) <= schemes for each in operation.get("security", [])), name


def test_every_reference_leads_somewhere_and_every_word_is_known(description: Description) -> None:
    schemas = description["components"]["schemas"]
    found = set(re.findall(r'"\$ref": "(.*?)"', json.dumps(description)))
    assert found
    assert {each.removeprefix("#/components/schemas/") for each in found} <= set(schemas)
    for schema in schemas.values():
        for inner in _all_schemas(schema):
            assert set(inner) <= set(WORDS) | SAYS_NOTHING, inner


def _all_schemas(schema: Description) -> list[Description]:
    below = [*schema.get("properties", {}).values(), *schema.get("anyOf", [])]
    below += [schema[word] for word in ("items", "additionalProperties") if isinstance(schema.get(word), dict)]
    return [schema, *(inner for each in below for inner in _all_schemas(each))]


def test_it_says_who_needs_a_session_and_a_token(app: Flask, description: Description) -> None:
    for name, operation in _operations(description).items():
        declared = access.declared(app.view_functions[routes(app)[name].endpoint])
        needed = {scheme for each in operation.get("security", []) for scheme in each}
        wanted = set() if declared == "anyone" else {"session"} if name.startswith("GET") else {"session", "csrf"}
        assert needed == wanted, name


def test_bodies_we_send_are_as_described(description: Description) -> None:
    definitions = description["components"]["schemas"]
    for route, operation in _operations(description).items():
        sent = BODIES.get(route, {}).get("json")
        if sent is not None and "register" not in route:  # the table's is wrong on purpose
            check(sent, operation["requestBody"]["content"]["application/json"]["schema"], definitions)
    with pytest.raises(MismatchError):
        check({"message": 5}, {"$ref": "#/components/schemas/ChatIn"}, definitions)


def test_real_answers_are_as_described(  # noqa: PLR0913, PLR0917  everybody, and where they are
    description: Description, app: Flask, client: ApiClient, staff: ApiClient, admin: ApiClient, database_url: str
) -> None:
    app.config["SETTINGS"] = app.config["SETTINGS"].model_copy(update={"max_pending_per_client": 1000})
    people = {"owner": client, "staff": staff, "admin": admin}
    for route in API:
        if "logout" in route or route in ERASES:
            continue
        own = objects(client, database_url)
        nothing = Objects.all(uuid4)
        expected = dict(zip(WHO, EXPECTED[route].split(), strict=True))
        for name, caller in people.items():
            if route.startswith("DELETE "):  # what one removes is not there for the next
                own = objects(client, database_url)
            answers = [send(caller, route, own), send(caller, route, nothing)]
            answers.append(send(caller, route, own, json={"of": "another kind"}, files=None))
            for answer in answers:
                _check_answer(route, answer, description)
            assert str(answers[0].status_code) == expected[name] or "refresh" in route, route


def _check_answer(route: str, answer: httpx.Response, description: Description) -> None:
    described = _operations(description)[route]["responses"].get(str(answer.status_code))
    assert described is not None, f"{route} answered {answer.status_code}, which is not described"
    if "content" not in described:
        assert answer.content == b"", route
        return
    kind = answer.headers["Content-Type"].partition(";")[0]
    assert kind in described["content"], route
    if not kind.endswith("json"):
        return
    try:
        check(answer.json(), described["content"][kind]["schema"], description["components"]["schemas"])
    except MismatchError as fault:
        raise AssertionError(f"{route} {answer.status_code}: {fault}") from None
