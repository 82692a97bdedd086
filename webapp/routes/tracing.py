"""One id a request: a proxy's or ours, in the answer, in every line of the log, with each job the request causes.

What changes something is logged by its rule; no address of a person, no id of an object and no word of theirs.
"""

from __future__ import annotations

import logging
import time
from typing import TYPE_CHECKING

from flask import g, request

from webapp import logs

if TYPE_CHECKING:
    from flask import Flask, Response

HEADER = "X-Request-ID"
WRITES = frozenset({"POST", "PUT", "PATCH", "DELETE"})

log = logging.getLogger(__name__)


def register(app: Flask) -> None:
    @app.before_request
    def begin() -> None:
        g.request_id = logs.new_request(request.headers.get(HEADER))
        g.began = time.monotonic()

    @app.after_request
    def end(response: Response) -> Response:
        if "request_id" in g:
            response.headers[HEADER] = g.request_id
        if request.method in WRITES and "began" in g:
            took_ms = round((time.monotonic() - g.began) * 1000)
            log.info("%s %s %d in %d ms", request.method, request.url_rule, response.status_code, took_ms)
        return response
