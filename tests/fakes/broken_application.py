"""An application whose fault no one below gunicorn catches, logging as ours does."""

from __future__ import annotations

from typing import TYPE_CHECKING

from webapp import logs
from webapp.settings import load

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from wsgiref.types import WSGIEnvironment

logs.configure(load())


def app(environ: WSGIEnvironment, start_response: Callable[..., object]) -> Iterable[bytes]:
    logs.new_request(None)
    if environ["PATH_INFO"] == "/healthz":
        start_response("200 OK", [])
        return [b""]
    raise RuntimeError("the machinery")
