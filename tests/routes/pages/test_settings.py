from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.routes.pages.forms import fields, soup, submit, text_of
from tests.routes.pages.outage import away

if TYPE_CHECKING:
    import httpx
    from flask import Flask

    from tests.harness.api import ApiClient
    from tests.harness.servers import Servers


def _save(admin: ApiClient, **values: str) -> httpx.Response:
    return submit(admin, admin.get("/settings"), "/settings", **values)


def _choices(admin: ApiClient) -> dict[str, object]:
    found: dict[str, object] = admin.get("/api/settings").json()["choices"]
    return found


def test_saving_what_the_page_shows_changes_nothing(admin: ApiClient) -> None:
    before = admin.get("/api/settings").json()
    assert _save(admin).headers["Location"] == "/settings?saved=1"
    assert admin.get("/api/settings").json() == before
    assert "enregistrés" in text_of(admin.get("/settings?saved=1"), "[role=status]")


def test_each_field_is_read_as_it_is_typed(admin: ApiClient) -> None:
    values = {
        "name": "Volets du Nord",
        "accent": "#C2185B",
        "hours-0-0-start": "08:00",
        "hours-0-0-end": "11:45",
        "hours-0-1-start": "",
        "hours-0-1-end": "",
        "hours-5-1-start": "14:00",
        "hours-5-1-end": "16:00",
        "holidays": "24/12/2026\r\n\r\n2026-08-03\r\n24/12/2026",
        "welcome_fr": "Bonjour,\r\nnous sommes là.",
        "safety_words": "gaz\r\nfumée\r\ngaz",
        "late_after_minutes": "30",
    }
    assert _save(admin, **values).status_code == 303
    chosen = _choices(admin)
    assert chosen["hours"][0] == [{"start": "08:00:00", "end": "11:45:00"}]  # type: ignore[index]  # JSON
    assert chosen["hours"][5] == [{"start": "14:00:00", "end": "16:00:00"}]  # type: ignore[index]  # idem
    assert (chosen["name"], chosen["accent"], chosen["late_after_minutes"]) == ("Volets du Nord", "#c2185b", 30)
    assert chosen["holidays"] == ["2026-08-03", "2026-12-24"]
    assert chosen["safety_words"] == ["gaz", "fumée"]
    assert chosen["welcome"] == {"fr": "Bonjour,\nnous sommes là.", "en": ""}
    shown = fields(admin.get("/settings"), "/settings")
    assert (shown["holidays"], shown["hours-0-0-end"]) == ("03/08/2026\n24/12/2026", "11:45")


def test_a_box_that_is_not_ticked_is_off(admin: ApiClient) -> None:
    page = admin.get("/settings")
    given = {name: value for name, value in fields(page, "/settings").items() if name != "use_model"}
    admin.http.post("/settings", data=given)
    assert _choices(admin)["use_model"] is False
    box = soup(admin.get("/settings")).select_one("[name=use_model]")
    assert box
    assert "checked" not in box.attrs


@pytest.mark.parametrize(
    ("field", "typed", "error", "words"),
    [
        ("name", " ", "name", "80 caractères"),
        ("accent", "#ffff00", "accent", "trop claire"),
        ("accent", "jaune", "accent", "Indiquez une couleur"),
        ("hours-2-0-end", "08:00", "hours-2", "La fin vient après"),
        ("hours-2-0-end", "", "hours-2", "Donnez le début et la fin"),
        ("hours-2-0-end", "15:00", "hours-2", "chevauchent"),
        ("holidays", "24/12/2026\nNoël", "holidays", "une date par ligne"),
        ("holidays", "5", "holidays", "une date par ligne"),
        ("welcome_en", "x" * 1001, "welcome_en", "trop long"),
        ("safety_words", "x" * 81, "safety_words", "80 caractères"),
        ("late_after_minutes", "bientôt", "late_after_minutes", "de 1 à 1440"),
        ("keep_conversations_days", "1", "keep_conversations_days", "de 30"),
        ("keep_files_days", "", "keep_files_days", "de 7"),
    ],
)
def test_a_fault_stands_beside_its_field_and_all_is_kept(
    admin: ApiClient, field: str, typed: str, error: str, words: str
) -> None:
    before = _choices(admin)
    page = _save(admin, **{"welcome_fr": "Bonjour.", field: typed})
    assert page.status_code == 422
    assert words in text_of(page, f"#{error}-error")
    kept = fields(page, "/settings")
    assert (kept[field], kept["welcome_fr"]) == (typed, "Bonjour.")
    assert soup(page).select(f"[aria-describedby~='{error}-error'][aria-invalid]")
    assert _choices(admin) == before


def test_two_admins_do_not_overwrite_each_other(admin: ApiClient) -> None:
    page = admin.get("/settings")
    _save(admin, name="Volets du Nord")
    late = submit(admin, page, "/settings", name="Portes du Sud")
    assert late.status_code == 409
    assert "pendant que vous" in text_of(late, "[role=alert]")
    assert fields(late, "/settings")["name"] == "Portes du Sud"
    assert submit(admin, late, "/settings").status_code == 303
    assert _choices(admin)["name"] == "Portes du Sud"


def test_the_page_tells_who_changed_what(admin: ApiClient, staff: ApiClient) -> None:
    _save(admin, name="Volets du Nord", holidays="24/12/2026")
    admin.patch(f"/api/users/{staff.user['id']}", {"role": "admin"})
    told = text_of(admin.get("/settings"), ".audit")
    assert "Nom de l’entreprise\u00a0: Chatbot SAV → Volets du Nord" in told
    assert "Jours de fermeture" in told
    assert f"{staff.user['name']} Accès\u00a0: Équipe → Administration" in told
    assert admin.user["name"] in told
    assert staff.email not in told


def test_the_name_and_the_welcome_are_the_firms(admin: ApiClient, client: ApiClient, anonymous: ApiClient) -> None:
    _save(admin, name="Volets <du> Nord", welcome_fr="Nous sommes là.\nDites-nous tout.")
    page = anonymous.get("/login")
    assert soup(page).title.get_text().endswith("· Volets <du> Nord")  # type: ignore[union-attr]  # it is there
    assert text_of(page, ".brand") == "Volets <du> Nord"
    assert "Nous sommes là." in text_of(client.get("/chat"), ".firm-words")
    english = client.get("/chat", headers={"Accept-Language": "en"})
    assert "Nous sommes là." not in text_of(english, ".firm-words")
    assert text_of(english, ".firm-words")


def test_the_colour_comes_in_a_stylesheet_kept_until_it_changes(admin: ApiClient, anonymous: ApiClient) -> None:
    def linked() -> str:
        sheets = [str(link["href"]) for link in soup(anonymous.get("/login")).select("link[rel=stylesheet]")]
        return next((href for href in sheets if href.startswith("/firm.css")), "")

    assert linked() == ""
    before = anonymous.get("/firm.css")
    assert before.text == ""
    _save(admin, accent="#0000ff")
    old = linked()
    _save(admin, accent="#c2185b")
    assert linked() not in ("", old)
    after = anonymous.get(linked())
    assert "immutable" in after.headers["Cache-Control"]
    assert after.headers["Content-Type"].startswith("text/css")
    assert "--accent: #c2185b;" in after.text
    assert "prefers-color-scheme: dark" in after.text
    again = anonymous.get("/firm.css", headers={"If-None-Match": after.headers["ETag"]})
    assert (again.status_code, again.text) == (304, "")
    assert anonymous.get("/firm.css").headers["Cache-Control"] == "no-cache"
    assert anonymous.get("/firm.css", headers={"If-None-Match": before.headers["ETag"]}).status_code == 200


def test_with_the_database_away_the_last_known_name_stands(
    admin: ApiClient, anonymous: ApiClient, servers: Servers, database_url: str
) -> None:
    _save(admin, name="Volets du Nord")
    anonymous.get("/login")
    with away(servers, database_url):
        assert text_of(admin.get("/people"), ".brand") == "Volets du Nord"
        assert text_of(anonymous.get("/login"), ".brand") == "Volets du Nord"


def test_what_scripts_poll_does_not_read_the_settings(client: ApiClient, app: Flask) -> None:
    case = client.chat("Bonjour")
    app.extensions.pop("firm", None)
    client.get(f"/api/jobs/{case['job']['id']}")
    client.get(f"/api/conversations/{case['conversation_id']}")
    client.chat("Encore", case["conversation_id"])
    assert "firm" not in app.extensions
    client.get("/chat")
    assert "firm" in app.extensions
