"""Calls to the staff's webhook: what is said, and what each answer means."""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import uuid4

import pytest

from tasks import webhook
from tasks.base import RefusedError
from tasks.outward import AwayError
from tests.fakes.webhook_receiver import DRIPS, PATH, SILENT, WebhookReceiver
from webapp.services.notices import Call

if TYPE_CHECKING:
    from collections.abc import Iterator

ADDRESS = "https://sav.example"
OWED = Call(uuid4(), "customer_waits", "a-case", "2026-03-04T09:00:00Z", "/conversations/a-case", "Volets")


@pytest.fixture
def hook() -> Iterator[WebhookReceiver]:
    with WebhookReceiver() as running:
        yield running


def test_it_is_told_which_case_waits_and_nothing_more(hook: WebhookReceiver) -> None:
    webhook.call(OWED, hook.url.replace("http://", "http://us:a%20secret@"), ADDRESS)
    (call,) = hook.calls
    assert call.path == PATH
    assert call.body == {
        "event": "customer_waits",
        "conversation_id": "a-case",
        "url": f"{ADDRESS}/conversations/a-case",
        "waiting_since": "2026-03-04T09:00:00Z",
        "firm": "Volets",
    }
    assert call.headers["Content-Type"] == "application/json"
    assert call.headers["Idempotency-Key"] == str(OWED.id)
    assert call.headers["Authorization"] == "Basic dXM6YSBzZWNyZXQ="


@pytest.mark.parametrize("status", [408, 425, 429, 500, 503])
def test_not_now_is_asked_again(hook: WebhookReceiver, status: int) -> None:
    hook.answers = [status, 200]
    with pytest.raises(AwayError, match=f"^{status}$"):
        webhook.call(OWED, hook.url, ADDRESS)
    webhook.call(OWED, hook.url, ADDRESS)
    assert len(hook.calls) == 2


@pytest.mark.parametrize("status", [301, 302, 307, 400, 401, 403, 404, 410])
def test_any_other_answer_is_final_and_redirects_are_not_followed(hook: WebhookReceiver, status: int) -> None:
    hook.answers = [status]
    with pytest.raises(RefusedError) as refused:
        webhook.call(OWED, hook.url, ADDRESS)
    assert refused.value.code == f"webhook_{status}"
    assert len(hook.calls) == 1


def test_one_that_is_away_silent_or_never_ends_is_left(hook: WebhookReceiver, monkeypatch: pytest.MonkeyPatch) -> None:
    with WebhookReceiver() as gone:
        url = gone.url
    with pytest.raises(AwayError, match="ConnectionRefusedError") as refused:
        webhook.call(OWED, url, ADDRESS)
    assert "token" not in str(refused.value)
    monkeypatch.setattr(webhook, "STEP_S", 0.3)
    hook.answers = [SILENT]
    with pytest.raises(AwayError):
        webhook.call(OWED, hook.url, ADDRESS)
    monkeypatch.setattr(webhook, "STEP_S", 60)
    monkeypatch.setattr(webhook, "WHOLE_S", 0.3)
    hook.answers = [DRIPS]
    with pytest.raises(AwayError):
        webhook.call(OWED, hook.url, ADDRESS)
