"""Reading, listing, closing and rating cases, as a customer sees them."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING, Any

import pytest

from tests.harness.servers import query
from tests.routes.api.problem import problem
from tests.services.work import answer, claimed, transaction

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.harness.api import ApiClient

Json = dict[str, Any]

FIELDS = {
    *("id", "subject", "status", "assistant", "client", "assignee", "summary", "summary_state"),
    *("created_at", "updated_at", "closed_at", "messages", "more", "jobs"),
}
OF_LISTS = FIELDS - {"messages", "more", "jobs"}
# Beyond the contract.
OURS = {"unread", "waiting_since", "language", "handover_reason", "handover_note", "brief"} | {
    *("summary_fields", "summary_edited", "closing_feedback"),
}
OF_A_CASE = {"standing", "writing", "facts", "opinions"}


@pytest.fixture
def case(client: ApiClient) -> str:
    found: str = client.chat("Mon volet est bloqué")["conversation_id"]
    return found


def _answered(client: ApiClient, database_url: str, text: str = "Bonjour") -> Json:
    sent = client.chat(text)
    with transaction(database_url) as session:
        assert answer(session, sent["job"]["id"])
    return sent


def test_a_case_has_every_field_of_the_contract(client: ApiClient, case: str) -> None:
    seen = client.conversation(case)
    assert set(seen) == FIELDS | OURS | OF_A_CASE
    assert (seen["id"], seen["subject"], seen["status"]) == (case, "Mon volet est bloqué", "new")
    assert (seen["assistant"], seen["assignee"], seen["summary"], seen["summary_state"]) == ("on", None, None, "none")
    assert seen["client"] == {"id": client.user["id"], "name": client.user["name"], "email": None}
    assert (seen["closed_at"], seen["more"], len(seen["messages"]), len(seen["jobs"])) == (None, False, 1, 1)
    assert seen["jobs"][0] == client.job(seen["jobs"][0]["id"])


def test_a_long_subject_is_cut_and_a_page_of_text_becomes_one_line(client: ApiClient) -> None:
    sent = client.chat("Ligne une\n\n  ligne deux " + "x" * 200)
    subject = client.conversation(sent["conversation_id"])["subject"]
    assert subject.startswith("Ligne une ligne deux xxx")
    assert (len(subject), subject[-1]) == (80, "…")


def test_messages_come_by_five_hundred_after_a_seq(client: ApiClient, case: str, database_url: str) -> None:
    query(
        database_url,
        "INSERT INTO message (id, conversation_id, seq, role, content, owes_reply)"
        " SELECT gen_random_uuid(), %s, n, 'staff', n::text, false FROM generate_series(2, 1001) n",
        [case],
    )
    pages = []
    after, more = 0, True
    while more:
        page = client.conversation(case, after)
        pages.append([message["seq"] for message in page["messages"]])
        after, more = pages[-1][-1], page["more"]
    assert [len(page) for page in pages] == [500, 500, 1]
    assert [seq for page in pages for seq in page] == list(range(1, 1002))
    beyond = client.conversation(case, 5000)
    assert (beyond["messages"], beyond["more"]) == ([], False)
    exported = client.get(f"/api/conversations/{case}/export")
    assert [message["seq"] for message in exported.json()["messages"]] == list(range(1, 1002))
    assert exported.json()["more"] is False
    assert exported.headers["Content-Disposition"].startswith("attachment")


@pytest.mark.parametrize("after", ["-1", "x", "1.5", "", "٣", "99999999999", "0" * 25, "1" * 5000, "0x1", " 1"])
def test_a_seq_is_a_whole_number(client: ApiClient, case: str, after: str) -> None:
    found = problem(client.get(f"/api/conversations/{case}", params={"after": after}), 422, "invalid")
    assert found["errors"][0]["field"] == "after"


def test_an_unchanged_case_is_not_told_again(client: ApiClient, staff: ApiClient, case: str, database_url: str) -> None:
    def tag(reader: ApiClient = client, language: str = "fr") -> str:
        return str(reader.get(f"/api/conversations/{case}", headers={"Accept-Language": language}).headers["ETag"])

    first = tag()
    unchanged = client.get(f"/api/conversations/{case}", headers={"If-None-Match": first})
    assert (unchanged.status_code, unchanged.content) == (304, b"")
    assert not first.startswith("W/")
    weak = client.get(f"/api/conversations/{case}", headers={"If-None-Match": f'"other", W/{first}'})
    assert (weak.status_code, weak.headers["ETag"]) == (304, first), "what a proxy has compressed is compared weakly"
    assert tag(staff) != first
    assert tag(language="en") != first
    assert client.get(f"/api/conversations/{case}?after=1", headers={"If-None-Match": first}).status_code == 200
    tags = [first]
    sent = client.chat("Encore", case)
    tags.append(tag())
    with transaction(database_url) as session:
        claim = claimed(session, client.conversation(case)["jobs"][0]["id"])
    assert claim.conversation_id is not None
    tags.append(tag())
    staff.patch(f"/api/conversations/{case}", {"subject": "Volet"})
    tags.append(tag())
    client.post("/api/close_conversation", {"conversation_id": case})
    tags.append(tag())
    assert sent["conversation_id"] == case
    assert len(set(tags)) == len(tags)


def _walk(reader: ApiClient, **params: object) -> list[Json]:
    items: list[Json] = []
    cursor: str | None = ""
    while cursor is not None:
        page = reader.get("/api/conversations", params=params | ({"cursor": cursor} if cursor else {}))
        assert set(page.json()) == {"items", "next_cursor"}
        items += page.json()["items"]
        cursor = page.json()["next_cursor"]
    return items


def _many(database_url: str, client: ApiClient, count: int) -> None:
    """Cases that all changed, and all began to wait, at the same instant."""
    query(
        database_url,
        "INSERT INTO conversation (id, client_id, subject, language, status, assistant_on, no_answers, last_client_seq,"
        " staff_seen_seq, summary_state, last_seq, version, updated_at, waiting_since)"
        " SELECT gen_random_uuid(), %s, n::text, 'fr', CASE WHEN n %% 2 = 0 THEN 'new' ELSE 'waiting_staff' END,"
        " true, 0, 0, 0, 'none', 0, 1, '2026-01-01', CASE WHEN n %% 2 = 1 THEN timestamptz '2026-01-01' END"
        " FROM generate_series(1, %s) n",
        [client.user["id"], count],
    )


def test_a_list_is_walked_whole_and_once_though_all_changed_at_once(client: ApiClient, database_url: str) -> None:
    _many(database_url, client, 25)
    for limit in (1, 7, 25, 100):
        walked = [item["id"] for item in _walk(client, limit=limit)]
        assert len(walked) == len(set(walked)) == 25
    assert all(set(item) == OF_LISTS | OURS for item in _walk(client))
    waiting = _walk(client, limit=4, sort="wait")
    assert {item["status"] for item in waiting} == {"waiting_staff"}
    assert len({item["id"] for item in waiting}) == 13
    assert {item["status"] for item in _walk(client, limit=4, status="new")} == {"new"}
    assert len(_walk(client, limit=4, status="new")) == 12
    assert _walk(client, status="closed") == []


def test_the_latest_activity_stands_first(client: ApiClient) -> None:
    first, second = (client.chat(text)["conversation_id"] for text in ("Un", "Deux"))
    assert [item["id"] for item in _walk(client)] == [second, first]
    client.chat("Encore", first)
    assert [item["id"] for item in _walk(client)] == [first, second]


def test_a_customer_lists_their_own_and_staff_all(
    client: ApiClient, staff: ApiClient, new_client: Callable[[], ApiClient], case: str
) -> None:
    other = new_client()
    other.register()
    theirs = other.chat("Bonjour")["conversation_id"]
    assert [item["id"] for item in _walk(client)] == [case]
    assert [item["id"] for item in _walk(other)] == [theirs]
    seen = {item["id"]: item for item in _walk(staff, limit=100)}
    assert {case, theirs} <= set(seen)
    assert seen[case]["client"]["email"] == client.email
    assert seen[case]["unread"] is True


def test_staff_lists_by_assignee_and_by_wait(client: ApiClient, staff: ApiClient, case: str) -> None:
    staff.patch(f"/api/conversations/{case}", {"assignee_id": staff.user["id"]})
    assert [item["id"] for item in _walk(staff, assignee=staff.user["id"])] == [case]
    assert [item["id"] for item in _walk(client, assignee=staff.user["id"])] == [case]
    client.post(f"/api/conversations/{case}/handoff")
    other = client.chat("Autre")["conversation_id"]
    client.post(f"/api/conversations/{other}/handoff")
    waiting = [item["id"] for item in _walk(staff, sort="wait", limit=100) if item["id"] in (case, other)]
    assert waiting == [case, other]


def _cursor(moment: str, id_: str = "00000000-0000-0000-0000-000000000000") -> str:
    return base64.urlsafe_b64encode(f"{moment}|{id_}".encode()).decode().rstrip("=")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        *(("status", wrong) for wrong in ("open", "NEW", "new,closed", "\x00")),
        *(("sort", wrong) for wrong in ("name", "wait ", "updated_at")),
        *(("limit", wrong) for wrong in ("0", "101", "-1", "x", "")),
        *(("cursor", wrong) for wrong in ("x", "é", "AAAA", "=", "\x00", "🪟", "x" * 5000)),
        ("cursor", _cursor("2026-01-01")),
        ("cursor", _cursor("2026-01-01T00:00:00")),
        ("cursor", _cursor("0001-01-01T00:00:00+23:59")),
        ("cursor", _cursor("9999-12-31T23:59:59-23:59")),
        ("cursor", _cursor("2026-01-01T00:00:00+00:00", "1")),
        ("cursor", _cursor("2026-01-01T00:00:00+00:00", "' OR 1=1 --")),
    ],
)
def test_a_list_is_asked_for_in_its_own_words(client: ApiClient, name: str, value: str) -> None:
    found = problem(client.get("/api/conversations", params={name: value}), 422, "invalid")
    assert found["errors"][0]["field"] == name


def test_a_cursor_of_our_shape_from_elsewhere_is_harmless(client: ApiClient, case: str) -> None:
    for moment, found in (("0001-01-01T00:00:00+00:00", []), ("9999-12-31T23:59:59+00:00", [case])):
        items = client.get("/api/conversations", params={"cursor": _cursor(moment)}).json()["items"]
        assert [item["id"] for item in items] == found
    odd = client.get("/api/conversations", params={"cursor": _cursor("2026-01-01T00:00:00+00:00:30.5")})
    assert odd.status_code == 200


def test_asking_for_a_person_twice_is_asking_once(
    client: ApiClient, staff: ApiClient, case: str, database_url: str
) -> None:
    first = client.post(f"/api/conversations/{case}/handoff", {"reason": "Je préfère parler à quelqu'un"})
    again = client.post(f"/api/conversations/{case}/handoff")
    assert (first.status_code, again.status_code) == (200, 200)
    assert again.json() == first.json()
    seen = first.json()
    assert (seen["status"], seen["assistant"], seen["jobs"]) == ("waiting_staff", "off", [])
    assert [message["outcome"] for message in seen["messages"]] == [None, "handed_over"]
    assert staff.conversation(case)["waiting_since"] is not None
    notes = query(database_url, "SELECT handover_note FROM conversation WHERE id = %s", [case])
    assert notes == [("Je préfère parler à quelqu'un",)]
    problem(client.post(f"/api/conversations/{case}/handoff", {"reason": "x" * 501}), 422)
