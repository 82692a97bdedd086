from __future__ import annotations

from typing import TYPE_CHECKING

from tests.routes.pages.forms import fields, soup, submit, text_of

if TYPE_CHECKING:
    from tests.harness.api import ApiClient


def test_home_depends_on_who_comes(anonymous: ApiClient, client: ApiClient, staff: ApiClient, admin: ApiClient) -> None:
    homes = [who.get("/").headers["Location"] for who in (anonymous, client, staff, admin)]
    assert homes == ["/login", "/chat", "/conversations", "/conversations"]


def test_a_visitor_registers_and_is_in(anonymous: ApiClient) -> None:
    page = anonymous.get("/register")
    values = {"name": "Camille", "email": "Camille@Example.com", "password": "une phrase assez longue"}
    assert submit(anonymous, page, "/register", **values).headers["Location"] == "/chat"
    assert anonymous.get("/api/auth/me").json()["user"]["email"] == "camille@example.com"


def test_registering_says_what_to_correct_and_keeps_the_rest(anonymous: ApiClient) -> None:
    page = submit(anonymous, anonymous.get("/register"), "/register", name="Camille", email="camille", password="court")
    assert page.status_code == 422
    assert soup(page).select_one("#email[aria-invalid][aria-describedby='email-hint email-error']")
    assert "8 caractères" in text_of(page, "#password-error")
    assert fields(page, "/register") == {"next": "", "name": "Camille", "email": "camille", "password": ""}


def test_a_known_address_is_said(anonymous: ApiClient, client: ApiClient) -> None:
    values = {"name": "Camille", "email": client.email, "password": "une phrase assez longue"}
    page = submit(anonymous, anonymous.get("/register"), "/register", **values)
    assert page.status_code == 409
    assert "déjà un compte" in text_of(page, "[role=alert]")


def test_a_wrong_password_keeps_the_address(anonymous: ApiClient, client: ApiClient) -> None:
    for password in ("faux", "x" * 300):
        page = submit(anonymous, anonymous.get("/login"), "/login", email=client.email, password=password)
        assert page.status_code == 401
        assert "incorrect" in text_of(page, "[role=alert]")
        assert fields(page, "/login") == {"next": "", "email": client.email, "password": ""}


def test_too_many_tries_say_when_to_come_back(anonymous: ApiClient, client: ApiClient) -> None:
    page = anonymous.get("/login")
    while page.status_code != 429:
        page = submit(anonymous, page, "/login", email=client.email, password="faux")
        assert page.status_code in (401, 429)
    assert int(page.headers["Retry-After"]) > 0
    assert page.headers["Retry-After"] in text_of(page, "[role=alert]")


def test_signing_out_is_a_form_and_ends_the_session(client: ApiClient) -> None:
    assert client.get("/logout").status_code == 405
    answer = submit(client, client.get("/chat"), "/logout")
    assert answer.headers["Location"] == "/login"
    assert answer.headers["Clear-Site-Data"] == '"storage"'
    assert client.get("/chat").headers["Location"] == "/login?next=/chat"


def test_signing_out_needs_the_form(client: ApiClient) -> None:
    assert client.http.post("/logout").status_code == 403
    assert client.get("/chat").status_code == 200


def test_who_is_in_need_not_sign_in(client: ApiClient) -> None:
    assert client.get("/login?next=/privacy").headers["Location"] == "/privacy"
    assert client.get("/register").headers["Location"] == "/chat"
