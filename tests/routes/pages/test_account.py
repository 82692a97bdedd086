from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.routes.pages.forms import fields, soup, submit, text_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.harness.api import ApiClient

NEW = "une autre phrase assez longue"


def test_a_customer_changes_her_profile(client: ApiClient) -> None:
    values = {"name": "Camille M.", "phone": "01 23", "company": "C", "address": "1 rue A\r\n75000 Paris"}
    answer = submit(client, client.get("/account"), "/account", locale="en", **values)
    assert answer.headers["Location"] == "/account?notice=saved"
    page = client.get("/account?notice=saved")
    assert text_of(page, "[role=status]") == "Saved."
    assert fields(page, "/account")["address"] == "1 rue A\n75000 Paris"
    profile = client.get("/api/me").json()
    assert (profile["name"], profile["locale"], profile["company"]) == ("Camille M.", "en", "C")


@pytest.mark.parametrize(
    ("field", "typed", "words"),
    [
        ("name", "", "nom"),
        ("phone", "1" * 41, "numéro"),
        ("address", "x" * 501, "adresse"),
        ("company", "x" * 201, "nom"),
    ],
)
def test_a_fault_stands_beside_its_field(client: ApiClient, field: str, typed: str, words: str) -> None:
    page = submit(client, client.get("/account"), "/account", locale="fr", **{"phone": "01 23", field: typed})
    assert page.status_code == 422
    assert words in text_of(page, f"#{field}-error")
    assert fields(page, "/account")[field] == typed


def test_staff_have_a_name_a_language_and_a_password(staff: ApiClient) -> None:
    page = staff.get("/account")
    assert set(fields(page, "/account")) == {"csrf_token", "name"}
    assert soup(page).select("a[href='/account/erase'], a[href='/api/me/export']") == []
    submit(staff, page, "/account", name="Sacha B.", locale="fr", phone="01 23", company="C")
    profile = staff.get("/api/me").json()
    assert (profile["name"], profile["phone"], profile["company"]) == ("Sacha B.", "", "")


def test_a_new_password_replaces_the_old_one_and_ends_the_other_sessions(
    client: ApiClient, new_client: Callable[[], ApiClient]
) -> None:
    elsewhere = new_client()
    elsewhere.login(client.email, client.password)
    answer = submit(client, client.get("/account"), "/account/password", current=client.password, password=NEW)
    assert answer.headers["Location"] == "/account?notice=password"
    assert client.get("/account").status_code == 200
    assert elsewhere.get("/api/auth/me").status_code == 401
    old = {"email": client.email, "password": client.password}
    assert elsewhere.post("/api/auth/login", old).status_code == 401
    assert elsewhere.post("/api/auth/login", old | {"password": NEW}).status_code == 200


@pytest.mark.parametrize(
    ("current", "wanted", "field"), [("faux", NEW, "current"), (None, "court", "password"), ("", "", "password")]
)
def test_a_password_that_is_not_changed_says_why(
    client: ApiClient, current: str | None, wanted: str, field: str
) -> None:
    given = client.password if current is None else current
    page = submit(client, client.get("/account"), "/account/password", current=given, password=wanted)
    assert page.status_code == 422
    assert text_of(page, f"#{field}-error")
    assert fields(page, "/account/password")["current"] == ""
    assert client.post("/api/auth/login", {"email": client.email, "password": client.password}).status_code == 200


def test_guessing_the_password_is_limited(client: ApiClient) -> None:
    page = client.get("/account")
    told = [submit(client, page, "/account/password", current="faux", password=NEW).status_code for _ in range(11)]
    assert told == [422] * 10 + [429]


def test_the_other_sessions_can_be_ended(client: ApiClient, new_client: Callable[[], ApiClient]) -> None:
    assert soup(client.get("/account")).find("form", action="/account/sign-ins") is None
    elsewhere = new_client()
    elsewhere.login(client.email, client.password)
    page = client.get("/account")
    assert len(soup(page).select("[aria-labelledby=sign-ins] li")) == 2
    assert text_of(page, "[aria-labelledby=sign-ins]").count("Celle-ci") == 1
    submit(client, page, "/account/sign-ins")
    assert elsewhere.get("/api/auth/me").status_code == 401
    assert len(soup(client.get("/account")).select("[aria-labelledby=sign-ins] li")) == 1


def test_erasing_asks_first_and_needs_the_password(client: ApiClient, anonymous: ApiClient) -> None:
    client.chat("Mon volet est bloqué")
    page = client.get("/account/erase")
    assert "définitif" in page.text
    wrong = submit(client, page, "/account/erase", current="faux")
    assert wrong.status_code == 422
    assert "pas votre mot de passe" in text_of(wrong, "#current-error")
    gone = submit(client, wrong, "/account/erase", current=client.password)
    assert text_of(gone, "h1") == "Votre compte est effacé"
    assert gone.headers["Clear-Site-Data"] == '"storage"'
    assert client.get("/account").headers["Location"].startswith("/login")
    credentials = {"email": client.email, "password": client.password}
    assert anonymous.post("/api/auth/login", credentials).status_code == 401


def test_the_export_is_linked_from_the_account(client: ApiClient) -> None:
    link = soup(client.get("/account")).select_one("a[download]")
    assert link
    assert client.get(str(link["href"])).headers["Content-Type"] == "application/zip"
