"""Notices by the whole application: mails through a real server or as files, the staff's webhook, once each."""

from __future__ import annotations

import json
import stat
from email import message_from_bytes, policy
from typing import TYPE_CHECKING

import pytest

from launcher.ports import free_port
from tests.fakes.smtp_server import Fault, SmtpServer
from tests.fakes.webhook_receiver import WebhookReceiver
from tests.harness.servers import query
from tests.harness.waiting import wait_until
from webapp.domain import Role

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.harness.api import ApiClient, Json
    from tests.harness.stack import Stack

WORDS = "mon volet est bloqué"
ANSWER = "je passe demain matin"
PASSWORD = "a-password-of-the-mail-server"
ALWAYS = {"hours": [[{"start": "00:00", "end": "23:59:59.999999"}]] * 7, "public_holidays": False}


@pytest.fixture
def mails() -> Iterator[SmtpServer]:
    with SmtpServer(user="sav", password=PASSWORD) as running:
        yield running


@pytest.fixture
def hook() -> Iterator[WebhookReceiver]:
    with WebhookReceiver() as running:
        yield running


def test_each_notice_goes_out_once_and_holds_no_words(stack: Stack, mails: SmtpServer, hook: WebhookReceiver) -> None:
    stack.environ |= {"SMTP_URL": mails.url, "STAFF_WEBHOOK_URL": hook.url, "PUBLIC_URL": "http://sav.example"}
    stack.start(workers={"background": 1})
    stack.environ["METRICS_PORT"] = str(free_port())  # each dispatcher answers one of its own
    stack.start(web=False, workers={})
    _work_always(stack)
    client, staff, admin = stack.client(), stack.staff(), stack.staff(Role.ADMIN)
    case = _ask_for_a_person(client)

    mails.set(Fault.BUSY, times=1)
    for _ in range(2):
        assert staff.post(f"/api/conversations/{case}/messages", {"content": ANSWER}).status_code == 201
    _wait_letters(stack, mails, 1)
    assert mails.conversations == 2, "the first was told to come again"
    assert staff.post("/api/close_conversation", {"conversation_id": case}).status_code == 202
    _wait_letters(stack, mails, 2)
    assert [letter.to for letter in mails.letters] == [[client.email]] * 2
    links = [f"http://sav.example/chat/{case}" in letter.message.get_content() for letter in mails.letters]
    assert links == [True, True]

    hook.answers = [503, 204]
    first = _late(stack, client)
    _wait_letters(stack, mails, 4)
    wait_until(lambda: len(hook.calls) == 2, "the webhook to be called again", evidence=stack.tails)
    assert {letter.to[0] for letter in mails.letters[2:]} == {staff.email, admin.email}
    calls = [(call.body["event"], call.body["conversation_id"], call.headers["Idempotency-Key"]) for call in hook.calls]
    assert calls[0] == calls[1]
    assert calls[0][:2] == ("customer_waits", first)

    stack.restart("dispatcher-2")
    _late(stack, client)  # once this one is told, whatever the first still had to tell would have been told
    _wait_letters(stack, mails, 6)
    wait_until(lambda: len(hook.calls) == 3, "the webhook to be called", evidence=stack.tails)
    told = [f"/conversations/{first}" in letter.message.get_content() for letter in mails.letters]
    assert told == [False, False, True, True, False, False]
    _holds_no_secret(stack, mails, hook, client)


def _work_always(stack: Stack) -> None:
    query(stack.environ["DATABASE_URL"], "UPDATE firm SET choices = %s", [json.dumps(ALWAYS)])


def _ask_for_a_person(client: ApiClient) -> str:
    case: str = client.chat(WORDS)["conversation_id"]
    assert client.post(f"/api/conversations/{case}/handoff", {"reason": WORDS}).status_code == 200
    return case


def _late(stack: Stack, client: ApiClient) -> str:
    """A case that has waited for an hour."""
    case = _ask_for_a_person(client)
    since = "UPDATE conversation SET waiting_since = waiting_since - interval '1 h' WHERE id = %s"
    query(stack.environ["DATABASE_URL"], since, [case])
    return case


def _wait_letters(stack: Stack, mails: SmtpServer, count: int) -> None:
    wait_until(lambda: len(mails.letters) >= count, f"{count} letters", evidence=stack.tails)
    assert len(mails.letters) == count


def _holds_no_secret(stack: Stack, mails: SmtpServer, hook: WebhookReceiver, client: ApiClient) -> None:
    letters = " ".join(letter.raw.decode() + str(letter.message.get_content()) for letter in mails.letters)
    logs = " ".join(process.output() for process in stack.processes.values())
    tickets = str(
        query(stack.environ["DATABASE_URL"], "SELECT request, result, dedupe_key FROM job WHERE kind = 'mail'")
    )
    for secret in (WORDS, ANSWER, "Volet"):
        assert secret not in letters + str([call.body for call in hook.calls]) + tickets
    assert client.email not in str([call.body for call in hook.calls]) + tickets
    for secret in (WORDS, ANSWER, PASSWORD, client.email, "a-secret-of-the-webhook"):
        assert secret not in logs
    assert PASSWORD not in letters


def test_a_refused_mail_is_recorded_and_its_link_forgotten(stack: Stack, mails: SmtpServer) -> None:
    stack.environ["SMTP_URL"] = mails.url
    stack.start(workers={"background": 1})
    mails.set(Fault.NO_SUCH_READER)
    admin = stack.staff(Role.ADMIN)
    invited = admin.post("/api/users", {"email": "nobody@example.com", "name": "N", "role": "staff"})
    assert invited.status_code == 201
    job = _ended_mail(stack)
    assert (job["status"], job["error_code"], job["request"]) == ("failed", "recipient", {})
    assert mails.conversations == 1


def test_without_a_server_mails_are_files(stack: Stack) -> None:
    stack.start(workers={"background": 1})
    client, staff = stack.client(), stack.staff()
    case = client.chat(WORDS)["conversation_id"]
    assert staff.post(f"/api/conversations/{case}/messages", {"content": ANSWER}).status_code == 201
    job = _ended_mail(stack)
    assert (job["status"], job["result"], job["request"]) == ("succeeded", {"delivered": True}, {})
    (file,) = (stack.settings.data_dir / "mail").iterdir()
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    message = message_from_bytes(file.read_bytes(), policy=policy.default)
    assert message["To"] == client.email
    assert f"{stack.settings.address}/chat/{case}" in file.read_text("utf-8")
    assert staff.get(f"/api/jobs/{job['id']}").status_code == 404, "mails are ours alone"


def _ended_mail(stack: Stack) -> Json:
    columns = ("id", "status", "error_code", "result", "request")
    statement = f"SELECT {', '.join(columns)} FROM job WHERE kind = 'mail' AND finished_at IS NOT NULL"  # noqa: S608  ours
    found: list[tuple[object, ...]] = []

    def ended() -> bool:
        found[:] = query(stack.environ["DATABASE_URL"], statement)
        return bool(found)

    wait_until(ended, "the mail to end", evidence=stack.tails)
    return dict(zip(columns, found[0], strict=True))
