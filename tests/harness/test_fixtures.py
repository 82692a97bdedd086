from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import pytest
from sqlalchemy import func, select

from tests.fakes.tcp_proxy import HOST, TcpProxy
from tests.harness.processes import ProcessEndedError
from webapp.domain import Language, Role
from webapp.models import Account
from webapp.services import accounts

if TYPE_CHECKING:
    from collections.abc import Callable

    from flask import Flask
    from sqlalchemy.orm import Session

    from tests.fakes.model_server import ModelServer
    from tests.harness.api import ApiClient
    from tests.harness.servers import Servers
    from tests.harness.stack import Stack


@pytest.mark.parametrize("turn", ["first", "second"])
def test_nothing_of_a_session_outlives_its_test(session: Session, turn: str) -> None:
    assert session.scalar(select(func.count()).select_from(Account)) == 0
    _register(session, "camille@example.com", turn)
    session.commit()
    _register(session, "dominique@example.com", turn)
    session.rollback()
    assert session.scalars(select(Account.email)).all() == ["camille@example.com"]


def _register(session: Session, email: str, name: str) -> None:
    accounts.register(session, email, "un mot de passe", name=name, role=Role.CLIENT, locale=Language.FR)


@pytest.mark.parametrize("turn", ["first", "second"])
def test_each_test_has_a_database_of_its_own(client: ApiClient, anonymous: ApiClient, turn: str) -> None:
    assert anonymous.register("dominique@example.com", name=turn)["name"] == turn
    assert client.get("/api/auth/me").json()["user"]["email"] == client.email


def test_people_of_the_firm_are_signed_in(staff: ApiClient, admin: ApiClient) -> None:
    assert staff.get("/api/auth/me").json()["user"]["role"] == Role.STAFF
    assert admin.get("/api/auth/me").json()["user"]["role"] == Role.ADMIN


def test_what_the_application_logs_reaches_pytest(app: Flask, caplog: pytest.LogCaptureFixture) -> None:
    app.logger.warning("entendu")
    assert "entendu" in caplog.text


def test_a_stack_answers_and_picks_up_after_a_kill(stack: Stack) -> None:
    stack.start(workers={"replies": 1})
    client = stack.client()
    first = client.chat("Bonjour")
    assert stack.wait_job(client, first["job"]["id"])["result"]["message"]["reply_to"] == first["message"]["id"]
    stack.kill("replies-1")
    second = client.chat("Bonjour encore", first["conversation_id"])
    stack.restart("replies-1")
    assert stack.wait_job(client, second["job"]["id"])["result"]["message"]["reply_to"] == second["message"]["id"]
    said = [message["role"] for message in client.conversation(first["conversation_id"])["messages"]]
    assert said == ["client", "assistant", "client", "assistant"]
    assert 'sav_law_violations{law="lost"} 0.0' in stack.metrics()


def test_the_model_of_a_stack_is_the_fake_one(stack: Stack, model_server: ModelServer) -> None:
    stack.start(workers={"documents": 1})
    admin = stack.staff(Role.ADMIN)
    page = b"La garantie des volets roulants dure soixante mois a partir de la livraison."
    sent = admin.post(
        "/api/knowledge/documents", files={"file": ("garantie.txt", page, "text/plain")}, data={"audience": "public"}
    )
    assert sent.status_code == 202, sent.text
    stack.wait_job(admin, sent.json()["job"]["id"])
    stack.start(web=False, dispatcher=0, workers={"replies": 1})  # born now, it knows the document from its first job
    job = stack.client().ask("Combien de temps dure la garantie des volets roulants ?")
    assert "soixante mois" in job["result"]["message"]["content"]
    assert model_server.requests[-1].body["stream"] is True


def test_own_servers_can_die_under_a_stack(own_stack: Stack, own_servers: Servers) -> None:
    own_stack.start(workers={"replies": 1})
    client = own_stack.client()
    assert own_servers.valkey is not None
    own_servers.valkey.kill()
    sent = client.chat("Bonjour")
    own_servers.valkey.start()
    assert own_stack.wait_job(client, sent["job"]["id"])["status"] == "succeeded"


def test_a_stack_works_through_proxies(new_stack: Callable[..., Stack], database_url: str, redis_url: str) -> None:
    database_port, redis_port = (int(urlsplit(url).port or 0) for url in (database_url, redis_url))
    with TcpProxy(HOST, database_port) as database, TcpProxy(HOST, redis_port) as redis:
        stack = new_stack(database.through(database_url), redis.through(redis_url))
        client = stack.start().client()
        for proxy in (database, redis):
            assert proxy.connections > 0
            proxy.reset_once()
        sent = client.chat("Bonjour", key="kept")
        assert client.chat("Bonjour", key="kept")["message"]["id"] == sent["message"]["id"]
        assert stack.wait_job(client, sent["job"]["id"])["status"] == "succeeded"
        stack.stop_all()


def test_commands_run_in_the_environment_of_the_stack(stack: Stack) -> None:
    assert "(head)" in stack.run("flask", "--app", "wsgi", "db", "current")
    with pytest.raises(ProcessEndedError, match="No such command"):
        stack.run("flask", "--app", "wsgi", "no-such-command")
