from __future__ import annotations

from typing import TYPE_CHECKING

from tests.harness.servers import query
from tests.routes.pages.forms import soup, submit, text_of
from tests.services.work import transaction
from webapp.domain import JobKind, Usage
from webapp.services import model_use
from webapp.texts import typeset

if TYPE_CHECKING:
    from tests.harness.api import ApiClient
    from webapp.settings import Settings

PAUSES = "/operations/pauses"


def _stuck(client: ApiClient, settings: Settings) -> str:
    job_id: str = client.chat("Bonjour")["job"]["id"]
    query(settings.database_url, "UPDATE job SET crashes = 2, attempts = 2 WHERE id = %s", [job_id])
    return job_id


def test_how_things_stand_is_said_in_words_and_pauses_with_their_reason(admin: ApiClient, staff: ApiClient) -> None:
    page = admin.get("/operations")
    said = text_of(page, "[data-fresh=sentence]")
    assert "Aucun client n’attend une personne." in said
    assert "le répartiteur est arrêté" in said  # nothing but the web runs here
    assert typeset("Personne ne travaille à la file « Documents »") in said

    refused = submit(admin, page, PAUSES, subject="images", reason=" ")
    assert refused.status_code == 422
    assert "Indiquez un motif" in text_of(refused, "#reason-error")
    assert soup(refused).select_one("details[open] option[selected]")["value"] == "images"  # type: ignore[index]

    assert submit(admin, page, PAUSES, subject="assistant", reason="Il se trompe").headers["Location"] == "/operations"
    assert submit(admin, page, PAUSES, subject="images", reason="Une <b>panne</b>").status_code == 303
    for reader in (admin, staff):
        page = reader.get("/operations")
        said = text_of(page, "[data-fresh=sentence]")
        for pause in (
            "L'assistant est en pause : chaque message va à une personne. Motif : « Il se trompe ».",
            "La file « Photos » est en pause ; ses travaux attendent. Motif : « Une <b>panne</b> ».",
        ):
            assert typeset(pause) in said
        assert "En pause" in text_of(page, "[data-fresh=queues]")
        assert bool(soup(page).select("main form")) is (reader is admin)
    assert "Il se trompe" in text_of(staff.get("/dashboard"), ".lead-figure")

    page = admin.get("/operations")
    assert submit(admin, page, f"{PAUSES}/assistant/resume").status_code == 303
    audit = text_of(admin.get("/operations"), "[data-fresh=audit]").replace("\xa0", " ")
    assert "Assistant en pause : non → oui" in audit
    assert "Motif : Il se trompe" in audit
    assert "Assistant en pause : oui → non" in audit


def test_a_changed_reason_is_told_from_old_to_new(admin: ApiClient) -> None:
    page = admin.get("/operations")
    for reason in ("Il se trompe", "Les tarifs changent"):
        submit(admin, page, PAUSES, subject="assistant", reason=reason)
    for address in ("/operations", "/settings"):
        newest = text_of(admin.get(address), ".audit li").replace("\xa0", " ")
        assert "Motif : Il se trompe → Les tarifs changent" in newest
        assert "Assistant en pause : oui" in newest
        assert "oui → oui" not in newest


def test_stuck_work_begins_again_or_goes_to_a_person(admin: ApiClient, client: ApiClient, settings: Settings) -> None:
    job_id = _stuck(client, settings)
    page = admin.get("/operations")
    assert "2 échecs" in text_of(page, "[data-fresh=stuck]")
    assert submit(admin, page, f"/operations/jobs/{job_id}", act="retry").status_code == 303
    assert "Aucun travail n’est bloqué" in text_of(admin.get("/operations"), "[data-fresh=stuck]")
    assert submit(admin, page, f"/operations/jobs/{job_id}", act="give_up").status_code == 303
    assert client.job(job_id)["status"] == "handed_over"
    assert submit(admin, page, f"/operations/jobs/{job_id}", act="retry").status_code == 409


def test_tokens_cost_and_energy_by_the_firms_own_figures(admin: ApiClient, settings: Settings) -> None:
    with transaction(settings.database_url) as session:
        for status, usage in (("ok", Usage(1_000_000, 100_000)), ("rate_limited", None)):
            model_use.count(session, "gpt-4o-mini", JobKind.REPLY, status, usage)
    state = admin.get("/api/operations")
    today = state.json()["days"][-1]
    assert (today["read"], today["written"], today["calls"], today["cost"]) == (1_000_000, 100_000, 2, None)
    assert today["units_per_reply"] == 1_100_000
    assert round(today["energy_wh"]) == 220 + 60
    assert (state.json()["model"]["calls"], state.json()["model"]["fault"]) == (2, "rate_limited")
    unchanged = admin.get("/api/operations", headers={"If-None-Match": state.headers["ETag"]})
    assert unchanged.status_code == 304
    assert "Epoch AI" in text_of(admin.get("/operations"), "main")

    page = admin.get("/settings")
    given = {"currency": "USD", "price_read": "0,5", "price_written": "2", "wh_read": "0,1", "wh_written": "1"}
    assert submit(admin, page, "/settings", **given).status_code == 303
    today = admin.get("/api/operations").json()["days"][-1]
    assert (today["cost"], today["energy_wh"]) == (0.7, 200)
    page = admin.get("/operations", headers={"Accept-Language": "en"})
    assert "$0.70" in page.text
    assert "chosen by your firm" in page.text
    refused = submit(admin, admin.get("/settings"), "/settings", price_read="cher")
    assert refused.status_code == 422
    assert "Indiquez un nombre de 0 à 10" in text_of(refused, "#price_read-error")
