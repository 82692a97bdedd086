from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from flask import Response, request

if TYPE_CHECKING:
    from http import HTTPStatus

    from pydantic import BaseModel


def reply(model: BaseModel, status: HTTPStatus | int = 200) -> Response:
    response = Response(model.model_dump_json(), status=int(status), mimetype="application/json")
    response.headers["Cache-Control"] = "no-store"
    return response


def unchanged(tag: str) -> Response | None:
    """Answer 304 when the browser has what `tag` stands for already."""
    if request.if_none_match.contains_weak(strong(tag)):
        response = Response(status=304)
        response.set_etag(strong(tag))
        response.headers["Cache-Control"] = "private, no-cache"
        return response
    return None


def tagged(model: BaseModel, tag: str) -> Response:
    response = Response(model.model_dump_json(), mimetype="application/json")
    response.set_etag(strong(tag))
    response.headers["Cache-Control"] = "private, no-cache"
    return response


def strong(tag: str) -> str:
    """Return the entity tag of what `tag` stands for."""
    return hashlib.sha256(tag.encode()).hexdigest()[:32]
