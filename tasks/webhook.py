"""Calling the staff's webhook. Its address may hold a secret: it is in no log and in no error."""

from __future__ import annotations

import base64
import http.client
import json
import ssl
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

from tasks.base import RefusedError
from tasks.outward import STEP_S, AwayError, cut_after

if TYPE_CHECKING:
    from urllib.parse import SplitResult

    from webapp.services.notices import Call

WHOLE_S = 20.0
LATER = frozenset({408, 425, 429})  # of the 4xx, those that say "not now"
SERVER_FAULTS = range(500, 600)
TAKEN = range(200, 300)


def call(owed: Call, url: str, address: str) -> None:
    """Tell the webhook that a case waits. Redirects are not followed.

    Raises:
        AwayError: nobody answers in time, or with a fault of the moment.
        RefusedError: any other answer is final.
    """
    about = {
        "event": owed.notice,
        "conversation_id": owed.conversation_id,
        "url": address + owed.path,
        "waiting_since": owed.waiting_since,
        "firm": owed.firm,
    }
    headers = {"Content-Type": "application/json", "User-Agent": "chatbot-sav", "Idempotency-Key": str(owed.id)}
    status = _post(urlsplit(url), json.dumps(about).encode(), headers)
    if status in LATER or status in SERVER_FAULTS:
        raise AwayError(str(status))
    if status not in TAKEN:
        raise RefusedError(f"webhook_{status}")


def _post(url: SplitResult, body: bytes, headers: dict[str, str]) -> int:
    connection = _connection(url)
    try:
        with cut_after(WHOLE_S, connection):
            connection.request("POST", _target(url), body, headers | _credentials(url))
            return connection.getresponse().status
    except (OSError, http.client.HTTPException, ValueError) as error:  # ValueError: cut while it read
        raise AwayError(type(error).__name__) from None
    finally:
        connection.close()


def _connection(url: SplitResult) -> http.client.HTTPConnection:
    host = url.hostname or ""
    if url.scheme == "https":
        return http.client.HTTPSConnection(host, url.port, timeout=STEP_S, context=ssl.create_default_context())
    return http.client.HTTPConnection(host, url.port, timeout=STEP_S)


def _target(url: SplitResult) -> str:
    return (url.path or "/") + (f"?{url.query}" if url.query else "")


def _credentials(url: SplitResult) -> dict[str, str]:
    if url.username is None:
        return {}
    pair = f"{unquote(url.username)}:{unquote(url.password or '')}".encode()
    return {"Authorization": f"Basic {base64.b64encode(pair).decode()}"}
