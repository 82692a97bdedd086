"""The desk with no script: the list and its filters, the conversation, the case, help with an answer."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from uuid import UUID, uuid4

import pytest

from tests.harness.servers import query
from tests.routes.pages.forms import fields, soup, submit, text_of
from tests.services.work import claimed, transaction
from webapp.domain import JobKind, JobStatus, Language
from webapp.services import jobs
from webapp.texts import say, say_count

if TYPE_CHECKING:
    from collections.abc import Callable

    import httpx

    from tests.harness.api import ApiClient


@pytest.fixture
def path(client: ApiClient) -> str:
    return f"/conversations/{client.chat('Mon volet est bloqué')['conversation_id']}"


def _names(page: httpx.Response) -> list[str]:
    return [row.get_text(strip=True) for row in soup(page).select(".row-who")]


@pytest.fixture
def customers(new_client: Callable[[], ApiClient]) -> dict[str, tuple[ApiClient, str]]:
    """Three customers by name, each with the path of a conversation; Bo then Chris wait for a person."""
    found = {}
    for name in ("Alix", "Bo", "Chris"):
        one = new_client()
        one.register(name=name)
        case = one.chat(f"Question de {name}")["conversation_id"]
        if name != "Alix":
            one.post(f"/api/conversations/{case}/handoff", {})
        found[name] = (one, f"/conversations/{case}")
    return found


def test_only_the_longest_wait_is_loud(staff: ApiClient, customers: dict[str, tuple[ApiClient, str]]) -> None:
    del customers
    page = staff.get("/conversations")
    assert [row.select_one(".row-who").get_text() for row in soup(page).select(".longest")] == ["Bo"]  # type: ignore[union-attr]
    assert soup(page).select_one(".desk-pick")


def test_the_list_is_filtered_by_its_address(staff: ApiClient, customers: dict[str, tuple[ApiClient, str]]) -> None:
    staff.get(customers["Alix"][1])  # seen
    staff.patch(f"/api{customers['Chris'][1]}", {"assignee_id": staff.user["id"]})
    for asked, names in (
        ("unread=1", ["Bo", "Chris"]),
        ("assignee=me", ["Chris"]),
        ("assignee=none", ["Bo", "Alix"]),
        ("status=waiting_staff", ["Bo", "Chris"]),
        ("status=closed", []),
        ("language=en", []),
        ("status=waiting_staff&assignee=none", ["Bo"]),
    ):
        assert _names(staff.get(f"/conversations?{asked}")) == names, asked
    assert soup(staff.get("/conversations?status=closed")).select_one(".empty a[href='/conversations']")
    for wrong in ("status=odd", "language=de"):
        assert staff.get(f"/conversations?{wrong}").status_code == 422
    assert staff.get("/conversations?assignee=odd").status_code == 404


def test_filters_go_along_into_a_conversation(staff: ApiClient, customers: dict[str, tuple[ApiClient, str]]) -> None:
    opened = staff.get("/conversations?assignee=none&status=waiting_staff")
    row = soup(opened).select_one("a.row")
    assert row is not None
    assert row["href"] == f"{customers['Bo'][1]}?status=waiting_staff&assignee=none"
    page = staff.get(str(row["href"]))
    assert _names(page) == ["Bo", "Chris"]
    assert text_of(page, ".row[aria-current] .row-who") == "Bo"
    assert text_of(page, ".talk h1") == "Question de Bo"


def test_an_open_page_asks_for_the_list_alone(staff: ApiClient, customers: dict[str, tuple[ApiClient, str]]) -> None:
    page = staff.get("/conversations/list", params={"current": customers["Bo"][1].rpartition("/")[2]})
    assert _names(page) == ["Bo", "Chris", "Alix"]
    assert text_of(page, ".row[aria-current] .row-who") == "Bo"
    assert "<html" not in page.text
    same = {"headers": {"If-None-Match": page.headers["ETag"]}, "params": dict(page.request.url.params)}
    again = staff.get("/conversations/list", **same)
    assert again.status_code == 304 or again.text != page.text, "a wait may be told as a second longer meanwhile"
    customers["Alix"][0].post(f"/api{customers['Alix'][1]}/handoff", {})
    assert staff.get("/conversations/list", **same).status_code == 200


def test_the_case_says_who_and_why(client: ApiClient, staff: ApiClient, path: str, database_url: str) -> None:
    client.post(f"/api{path}/handoff", {"reason": "Je préfère parler à quelqu'un"})
    client.chat("Une autre question")
    query(database_url, "UPDATE account SET phone = '01 02', company = 'Volets SA' WHERE email = %s", [client.email])
    case = text_of(staff.get(path), ".case")
    for said in (client.email, "01 02", "Volets SA", "Le client a demandé une personne.", "Je préfère", "Une autre"):
        assert said in case
    seconds = re.compile(r"\d+\s+secondes?")  # of the wait, which goes on
    assert seconds.sub("", text_of(staff.get(f"{path}/case"), ".case")) == seconds.sub("", case)


def test_looking_at_the_case_alone_marks_it_seen(client: ApiClient, staff: ApiClient, path: str) -> None:
    staff.get(path)
    client.chat("Encore une chose", path.rpartition("/")[2])
    assert soup(staff.get("/conversations")).select(".row.unread")
    staff.get(f"{path}/case")
    assert not soup(staff.get("/conversations")).select(".row.unread")


def test_a_case_is_given_to_a_colleague_and_back(staff: ApiClient, admin: ApiClient, path: str) -> None:
    page = staff.get(path)
    submit(staff, page, f"{path}/case", assignee=str(admin.user["id"]))
    assert staff.get(f"/api{path}").json()["assignee"]["id"] == admin.user["id"]
    chosen = soup(staff.get(path)).select_one("#assignee option[selected]")
    assert chosen is not None
    assert chosen["value"] == admin.user["id"]
    submit(staff, page, f"{path}/case", assignee="")
    assert staff.get(f"/api{path}").json()["assignee"] is None


def test_a_draft_is_there_when_one_comes_back(staff: ApiClient, admin: ApiClient, path: str) -> None:
    kept = submit(staff, staff.get(path), f"{path}/messages")
    assert kept.status_code == 422
    page = staff.get(path)
    answer = staff.http.post(f"{path}/draft", data=fields(page, f"{path}/messages") | {"content": "\r\nBonjour,"})
    assert answer.headers["Location"] == f"{path}#answer"
    assert fields(staff.get(path), f"{path}/messages")["content"] == "\nBonjour,"
    seen = admin.get(path)
    assert fields(seen, f"{path}/messages")["content"] == ""
    assert text_of(seen, "[data-writing]") == f"{staff.user['name']} écrit aussi une réponse."


def test_a_draft_outlives_the_session_it_was_written_in(staff: ApiClient, path: str) -> None:
    page, email, password = staff.get(path), staff.email, staff.password
    staff.http.cookies.clear()
    asked = staff.http.post(f"{path}/draft", data=fields(page, f"{path}/messages") | {"content": "Je regarde."})
    assert asked.status_code == 401
    back = submit(staff, asked, "/login", email=email, password=password)
    assert fields(back, f"{path}/messages")["content"] == "Je regarde."


def test_a_saved_reply_goes_below_what_is_written(staff: ApiClient, path: str) -> None:
    title = f"Délai {uuid4().hex}"
    assert submit(staff, staff.get("/saved_replies"), "/saved_replies", title=title, content="Deux\r\njours.")
    page = staff.get(path)
    option = soup(page).find("option", string=title)
    assert option is not None
    chosen = {"content": "Bonjour,", "insert": "1", "saved_reply": str(option["value"])}
    staff.http.post(f"{path}/draft", data=fields(page, f"{path}/messages") | chosen)
    assert fields(staff.get(path), f"{path}/messages")["content"] == "Bonjour,\n\nDeux\njours."


def test_a_proposal_is_asked_for_read_and_taken_over(staff: ApiClient, path: str, database_url: str) -> None:
    page = staff.get(path)
    asked = staff.http.post(f"{path}/proposal", data=fields(page, f"{path}/messages") | {"content": "Bonjour,"})
    address, _, _ = asked.headers["Location"].partition("#")
    waiting = staff.get(address)
    assert "prépare une proposition" in text_of(waiting, "[data-proposal]")
    job_id = address.rpartition("=")[2]
    with transaction(database_url) as session:
        claim = claimed(session, UUID(job_id), JobKind.PROPOSAL)
        jobs.end(session, claim, JobStatus.SUCCEEDED, result='{"text": "Cinq ans.", "sources": [], "internal": true}')
    ready = staff.get(address)
    assert fields(ready, f"{path}/messages")["content"] == "Bonjour,"
    assert text_of(ready, "[data-proposal-text]") == "Cinq ans."
    assert soup(ready).select_one("[data-proposal-internal]:not([hidden])")
    staff.http.post(f"{path}/draft", data=fields(ready, f"{path}/messages") | {"proposal": job_id})
    assert fields(staff.get(path), f"{path}/messages")["content"] == "Cinq ans."


def test_a_proposal_of_another_case_is_not_shown(client: ApiClient, staff: ApiClient, path: str) -> None:
    other = client.chat("Autre chose")["conversation_id"]
    job_id = staff.post(f"/api/conversations/{other}/proposal").json()["job"]["id"]
    for named in (job_id, str(uuid4()), "odd"):
        assert soup(staff.get(path, params={"proposal": named})).select_one("[data-proposal][hidden]")


def test_saved_replies_are_changed_and_removed(staff: ApiClient) -> None:
    title = f"Accusé {uuid4().hex}"
    submit(staff, staff.get("/saved_replies"), "/saved_replies", title=title, content="Bien reçu.")
    again = submit(staff, staff.get("/saved_replies"), "/saved_replies", title=title, content="Autre")
    assert again.status_code == 409
    assert fields(again, "/saved_replies")["content"] == "Autre"
    assert submit(staff, again, "/saved_replies", title="", content="x").status_code == 422
    row = next(each for each in staff.get("/api/saved_replies").json()["items"] if each["title"] == title)
    place = f"/saved_replies/{row['id']}"
    submit(staff, staff.get("/saved_replies"), place, content="Bien reçu, merci.")
    assert "Bien reçu, merci." in staff.get("/saved_replies").text
    submit(staff, staff.get("/saved_replies"), f"{place}/delete")
    assert title not in staff.get("/saved_replies").text


def test_a_printed_conversation_is_a_letter(client: ApiClient, staff: ApiClient, path: str) -> None:
    for who in (client, staff):
        head = text_of(who.get(path), ".letter-head")
        assert client.user["name"] in head
        assert "Mon volet est bloqué" in head
    assert text_of(client.get(path), ".by-client .print-name") == client.user["name"]


def test_customers_search_their_own(client: ApiClient, path: str) -> None:
    del path
    client.chat("La porte")
    page = client.get("/conversations", params={"q": "volet", "status": "new"})
    assert soup(page).select_one(".filters a[href='/conversations?q=volet&status=closed']")
    nothing = client.get("/conversations", params={"q": "fenêtre-introuvable"})
    assert soup(nothing).select_one(".empty a[href='/conversations']")


def test_who_waits_is_counted_by_customer(staff: ApiClient, customers: dict[str, tuple[ApiClient, str]]) -> None:
    """One customer with two cases waits once, here as on the page of operations."""
    bo, _ = customers["Bo"]
    again = bo.chat("Une autre question")["conversation_id"]
    bo.post(f"/api/conversations/{again}/handoff", {})
    page = staff.get("/conversations")
    assert _names(page) == ["Bo", "Chris", "Bo", "Alix"]
    assert text_of(page, ".desk-rows .lead") == say_count("desk.count", Language.FR, 2)
    assert staff.get("/api/operations").json()["for_a_person"]["customers"] == 2


def test_a_danger_stands_first_and_the_longest_wait_stays_loud(
    staff: ApiClient, customers: dict[str, tuple[ApiClient, str]], database_url: str
) -> None:
    statement = "UPDATE conversation SET handover_reason = 'safety' WHERE id = %s"
    query(database_url, statement, [customers["Chris"][1].rpartition("/")[2]])
    page = staff.get("/conversations")
    assert _names(page) == ["Chris", "Bo", "Alix"]
    assert text_of(page, ".row .danger") == say("desk.danger", Language.FR)
    assert text_of(page, ".longest .row-who") == "Bo"
