from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from tests.harness.servers import query
from tests.routes.pages.forms import soup, text_of

if TYPE_CHECKING:
    import httpx
    from bs4 import Tag

    from tests.harness.api import ApiClient

pytestmark = pytest.mark.usefixtures("fresh_figures")

ENGLISH = {"Accept-Language": "en"}
BARS = {"week": {7}, "month": {30}, "year": {12, 13}}  # months: twelve where the year ends with one


def _wait_for_a_person(client: ApiClient, database_url: str, minutes: int) -> None:
    case = client.chat("Mon volet est bloqué")["conversation_id"]
    client.post(f"/api/conversations/{case}/handoff", {})
    since = "UPDATE conversation SET waiting_since = clock_timestamp() - make_interval(mins => %s) WHERE id = %s"
    query(database_url, since, [minutes, case])


def test_a_sentence_says_first_who_waits_and_how_the_queues_are(
    staff: ApiClient, client: ApiClient, database_url: str
) -> None:
    quiet = _in_words(staff)
    assert quiet == "Aucun client n’attend une personne. Toutes les files vont bien."
    _wait_for_a_person(client, database_url, 12)
    said = _in_words(staff)
    assert said == "1 client attend une personne, depuis 12 minutes. Toutes les files vont bien."
    client.chat("Et la garantie ?")
    query(database_url, "UPDATE job SET created_at = now() - interval '5 min', next_at = now() - interval '5 min'")
    late = _in_words(staff, headers=ENGLISH)
    assert late == (
        "1 customer has been waiting for a person for 12 minutes."
        " 1 customer has been waiting for the assistant for 5 minutes."
        " The queue “Replies” is 5 minutes late."
    )
    page = soup(staff.get("/dashboard"))
    assert [cell.get_text() for cell in page.select("section[aria-labelledby=queues] tbody td:last-child")] == [
        *("En retard", "Va bien", "Va bien", "Va bien")
    ]


def _in_words(staff: ApiClient, **options: dict[str, str]) -> str:
    return text_of(staff.get("/dashboard", **options), ".lead-figure").replace("\xa0", " ")


@pytest.mark.parametrize("period", ["week", "month", "quarter", "year"])
def test_each_chart_has_its_numbers_as_a_table_under_a_disclosure(
    staff: ApiClient, client: ApiClient, period: str
) -> None:
    for _ in range(3):
        client.post("/api/close_conversation", {"conversation_id": client.chat("Bonjour")["conversation_id"]})
    client.chat("Bonjour")
    page = staff.get("/dashboard", params={"period": period})
    assert text_of(page, ".filters [aria-current=true]") in ("Semaine", "Mois", "Trimestre", "Année")
    columns, *lists = [section for section in soup(page).select("section") if section.select("svg.chart")]
    bars = columns.select("svg rect")
    assert len(bars) in BARS.get(period, {len(bars)})
    assert [bar.title.get_text() for bar in bars if bar.title] == [
        f"{label}, {value}" for label, value in _table(columns)
    ]
    assert int(str(bars[-1]["height"])) > 0
    assert columns.select_one("svg[role=img][aria-label]")
    for section in lists:
        shown = [tuple(span.get_text() for span in row.select("span")) for row in section.select(".chart-rows li")]
        assert shown == _table(section)
    assert ("Terminée", "3") in _table(lists[0])


def _table(section: Tag) -> list[tuple[str, str]]:
    rows = section.select("details table tbody tr")
    return [(row.select("th")[0].get_text(), row.select("td")[0].get_text()) for row in rows]


def test_an_empty_desk_is_told_what_will_come(staff: ApiClient) -> None:
    page = staff.get("/dashboard?period=week")
    assert "Les graphiques viendront" in text_of(page, "main")
    assert soup(page).select("svg.chart") == []


def test_the_figures_are_those_of_the_api(staff: ApiClient, client: ApiClient) -> None:
    case = client.chat("Bonjour")["conversation_id"]
    staff.post(f"/api/conversations/{case}/messages", {"content": "Bonjour"})
    found = staff.get("/api/stats?period=week").json()
    figures = [each.get_text() for each in soup(staff.get("/dashboard?period=week")).select(".figures strong")]
    assert figures[0] == str(found["opened"]) == "1"
    assert figures[4] == "1\xa0seconde"
    assert figures[5] == "–"


@pytest.mark.parametrize("period", ["", "day", "decade"])
def test_another_period_is_refused(staff: ApiClient, period: str) -> None:
    assert staff.get("/dashboard", params={"period": period}).status_code == 422


def test_the_page_asks_nothing_of_the_policy(staff: ApiClient, client: ApiClient) -> None:
    client.chat("Bonjour")
    page = staff.get("/dashboard")
    _nothing_inline(page)
    assert soup(page).select_one("header a[href='/dashboard'][aria-current=page]")
    assert soup(client.get("/chat")).select("a[href='/dashboard']") == []
    assert json.dumps(staff.user["id"]).strip('"') not in page.text


def _nothing_inline(page: httpx.Response) -> None:
    for tag in soup(page).select("*"):
        assert "style" not in tag.attrs
        assert not any(name.startswith("on") for name in tag.attrs)
    assert soup(page).select("script:not([src])") == []
