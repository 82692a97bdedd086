from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.harness.servers import query
from tests.routes.pages.forms import fields, soup, submit, text_of

if TYPE_CHECKING:
    from collections.abc import Callable

    import httpx

    from tests.harness.api import ApiClient

ADDRESS = "nina@example.com"


def _invite(admin: ApiClient, **values: str) -> httpx.Response:
    given = {"name": "Nina", "email": ADDRESS, "role": "staff"} | values
    return submit(admin, admin.get("/people"), "/people", **given)


def _row(page: httpx.Response, email: str) -> str:
    return next(row.get_text(" ", strip=True) for row in soup(page).select("tbody tr") if email in row.get_text())


def test_inviting_shows_who_is_awaited(admin: ApiClient) -> None:
    answer = _invite(admin)
    assert answer.headers["Location"] == "/people?notice=invited"
    page = admin.get("/people?notice=invited")
    assert "en route" in text_of(page, "[role=status]")
    assert "Invitation envoyée" in _row(page, ADDRESS)
    assert "/welcome/" not in page.text


@pytest.mark.parametrize(
    ("values", "status", "field", "words"),
    [
        ({"email": "nina"}, 422, "email", "complète"),
        ({"name": " "}, 422, "name", "nom"),
        ({"role": "client"}, 422, "role", "accès"),
    ],
)
def test_a_fault_stands_beside_its_field_and_the_rest_is_kept(
    admin: ApiClient, values: dict[str, str], status: int, field: str, words: str
) -> None:
    page = _invite(admin, **values)
    assert page.status_code == status
    assert words in text_of(page, f"#{field}-error")
    kept = fields(page, "/people")
    assert (kept["name"], kept["email"]) == (values.get("name", "Nina"), values.get("email", ADDRESS))


def test_a_known_address_is_said_beside_its_field(admin: ApiClient, client: ApiClient) -> None:
    page = _invite(admin, email=client.email)
    assert page.status_code == 409
    assert "déjà un compte" in text_of(page, "#email-error")


def test_access_changes_with_the_form_of_its_row(admin: ApiClient, staff: ApiClient) -> None:
    action = f"/people/{staff.user['id']}"
    assert submit(admin, admin.get("/people"), action, role="admin").status_code == 303
    assert staff.get("/people").status_code == 200
    submit(admin, admin.get("/people"), action, role="admin", active="no")
    assert staff.get("/people").headers["Location"].startswith("/login")
    assert "Désactivé" in _row(admin.get("/people"), staff.email)
    submit(admin, admin.get("/people"), action, role="staff", active="yes")
    row = _row(admin.get("/people"), staff.email)
    assert "Désactiver" in row
    assert "Désactivé" not in row


def test_her_own_row_has_no_form_and_sending_one_is_refused(admin: ApiClient) -> None:
    page = admin.get("/people")
    action = f"/people/{admin.user['id']}"
    assert soup(page).find("form", action=action) is None
    token = fields(page, "/people")["csrf_token"]
    refused = admin.http.post(action, data={"csrf_token": token, "role": "staff"})
    assert refused.status_code == 409
    assert "votre propre accès" in text_of(refused, "[role=alert]")


def test_names_are_text_and_never_markup(admin: ApiClient) -> None:
    _invite(admin, name="<script>alert(1)</script>")
    page = admin.get("/people")
    assert soup(page).select("script") == []
    assert "<script>alert(1)</script>" in _row(page, ADDRESS)


def test_only_admins_are_led_here(admin: ApiClient, staff: ApiClient, client: ApiClient) -> None:
    for who, led in ((admin, True), (staff, False), (client, False)):
        links = {str(link["href"]) for link in soup(who.get("/account")).select("header a")}
        assert ({"/people", "/settings"} <= links) is led
        assert "/account" in links


def test_an_invited_person_gets_in_by_the_link(
    admin: ApiClient, new_client: Callable[[], ApiClient], database_url: str
) -> None:
    _invite(admin)
    [(path,)] = query(database_url, "SELECT request->>'path' FROM job WHERE kind = 'mail'")
    nina = new_client()
    page = nina.get(str(path))
    assert text_of(page, "h1") == "Choisissez votre mot de passe"
    answer = nina.http.post(str(path), data={"password": "une phrase assez longue"})
    assert answer.headers["Location"] == "/conversations"
    assert nina.get("/api/auth/me").json()["user"]["email"] == ADDRESS
    assert "Actif" in _row(admin.get("/people"), ADDRESS)
