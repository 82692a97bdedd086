from __future__ import annotations

from typing import TYPE_CHECKING

from tests.routes.pages.forms import fields, soup, submit, text_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.harness.api import ApiClient


def test_a_customer_sees_their_own_with_filters(client: ApiClient, new_client: Callable[[], ApiClient]) -> None:
    empty = client.get("/conversations")
    assert soup(empty).select_one(".empty a[href='/chat']")
    client.chat("Ma question")
    other = new_client()
    other.register()
    other.chat("La question d'une autre personne")
    assert [row.get_text(strip=True) for row in soup(client.get("/conversations")).select(".subject")] == [
        "Ma question"
    ]
    closed = client.get("/conversations?status=closed")
    assert soup(closed).select_one(".filters [aria-current]")["href"] == "/conversations?status=closed"  # type: ignore[index]
    assert soup(closed).select_one(".empty")
    assert client.get("/conversations?status=odd").status_code == 422


def test_a_customer_reads_closes_and_reopens(client: ApiClient) -> None:
    path = f"/conversations/{client.chat('Ma question')['conversation_id']}"
    assert submit(client, client.get(path), f"{path}/close").headers["Location"] == path
    page = client.get(path)
    assert text_of(page, ".facts .tag") == "Terminée"
    assert submit(client, page, f"{path}/reopen").headers["Location"] == path.replace("conversations", "chat")


def test_long_lists_go_on(client: ApiClient) -> None:
    closed = {}
    for number in range(31):
        accepted = client.chat(f"Question {number}")
        client.post("/api/close_conversation", {"conversation_id": accepted["conversation_id"]})
        closed[accepted["conversation_id"]] = number
    page = client.get("/conversations?status=closed")
    following = soup(page).select_one("a[rel=next]")
    assert following
    seen = [row["href"] for part in (page, client.get(str(following["href"]))) for row in soup(part).select("a.row")]
    assert len(seen) == len(set(seen)) == 31


def test_the_desk_has_who_waits_first_the_longest_wait_at_the_top(
    new_client: Callable[[], ApiClient], staff: ApiClient
) -> None:
    assert text_of(staff.get("/conversations"), ".lead").startswith("Personne n’attend")
    for name in ("Alix", "Bo", "Chris"):
        one = new_client()
        one.register(name=name)
        accepted = one.chat(f"Question de {name}")
        if name != "Alix":
            one.post(f"/api/conversations/{accepted['conversation_id']}/handoff", {})
    page = staff.get("/conversations")
    assert text_of(page, ".lead") == "2 clients attendent une personne."
    assert [row.get_text(strip=True) for row in soup(page).select(".waiting .row-who")] == ["Bo", "Chris"]
    assert [row.get_text(strip=True) for row in soup(page).select(".row-who")] == ["Bo", "Chris", "Alix"]
    assert len(soup(page).select(".row.unread")) == 3
    assert len(soup(page).select(".waiting .wait time[datetime][title]")) == 2


def test_staff_takes_a_case_through(client: ApiClient, staff: ApiClient) -> None:
    path = f"/conversations/{client.chat('Mon colis est vide')['conversation_id']}"
    page = staff.get(path)
    assert not soup(staff.get("/conversations")).select(".row.unread")
    submit(staff, page, f"{path}/case", take="1")
    submit(staff, page, f"{path}/case", assistant="off")
    submit(staff, page, f"{path}/case", status="waiting_staff")
    seen = staff.get(f"/api{path}").json()
    assert (seen["status"], seen["assistant"], seen["assignee"]["id"]) == ("waiting_staff", "off", staff.user["id"])
    answer = submit(staff, page, f"{path}/messages", content="Bonjour,\r\nje regarde **cela**.")
    assert answer.headers["Location"].startswith(f"{path}#m-")
    read = client.get(path.replace("conversations", "chat"))
    assert soup(read).select_one("[data-stance=person]")
    assert staff.user["name"] in text_of(read, ".by-staff .byline")
    assert "<strong>cela</strong>" in str(soup(read).select_one(".by-staff .body"))
    submit(staff, staff.get(path), f"{path}/close")
    assert text_of(staff.get(path), ".facts .tag") == "Terminée"


def test_an_answer_that_cannot_be_taken_comes_back(client: ApiClient, staff: ApiClient) -> None:
    path = f"/conversations/{client.chat('Bonjour')['conversation_id']}"
    page = staff.get(path)
    assert submit(staff, page, f"{path}/messages", content=" ").status_code == 422
    long = submit(staff, page, f"{path}/messages", content="a" * 8001)
    assert fields(long, f"{path}/messages")["content"] == "a" * 8001
    for key in ("a\0b", "x" * 201):
        spoilt = submit(staff, page, f"{path}/messages", content="Je regarde.", idempotency_key=key)
        assert spoilt.status_code == 400
        assert fields(spoilt, f"{path}/messages")["content"] == "Je regarde."
    email, password = staff.email, staff.password
    staff.http.cookies.clear()
    asked = submit(staff, page, f"{path}/messages", content="Je regarde.")
    assert asked.status_code == 401
    back = submit(staff, asked, "/login", email=email, password=password)
    assert fields(back, f"{path}/messages")["content"] == "Je regarde."


def test_what_is_for_staff_is_for_staff(client: ApiClient) -> None:
    path = f"/conversations/{client.chat('Bonjour')['conversation_id']}"
    csrf = {"csrf_token": client.csrf_token}
    assert client.http.post(f"{path}/messages", data={"content": "x"} | csrf).status_code == 403
    assert client.http.post(f"{path}/case", data={"assistant": "on"} | csrf).status_code == 403
    assert client.get("/knowledge").status_code == 403


def test_a_customers_page_names_no_address_of_staff(client: ApiClient, staff: ApiClient) -> None:
    path = f"/conversations/{client.chat('Bonjour')['conversation_id']}"
    submit(staff, staff.get(path), f"{path}/messages", content="Bonjour.")
    for page in (path, path.replace("conversations", "chat")):
        assert staff.email not in client.get(page).text
