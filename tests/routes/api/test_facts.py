"""What was read in pictures, over the API: shown with its conversation, decided by a yes or a no."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from uuid import UUID

from tests.routes.api.problem import problem
from tests.services import pictures
from tests.services.work import transaction
from webapp.domain import FactKind, FoundFact
from webapp.models import Attachment
from webapp.services import facts

if TYPE_CHECKING:
    from tests.harness.api import ApiClient


def _facts(who: ApiClient, case: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = who.conversation(case)["facts"]
    return found


def test_a_customer_sees_what_was_read_and_says_whether_it_is_right(
    client: ApiClient, staff: ApiClient, database_url: str
) -> None:
    sent = client.request(
        "POST", "/api/upload_images", key="a-photo", files=[("images", ("a.jpg", pictures.photo(), "image/jpeg"))]
    ).json()
    case = sent["conversation_id"]
    assert _facts(client, case) == []
    with transaction(database_url) as session:
        attachment = session.query(Attachment).filter_by(message_id=UUID(sent["message"]["id"])).one()
        found = [FoundFact(FactKind.ORDER_NUMBER, "CMD2024-0117"), FoundFact(FactKind.DATE, "2024-03-12")]
        facts.propose(session, attachment, found)
    order, day = _facts(client, case)
    assert order == {
        "id": order["id"],
        "kind": "order_number",
        "value": "CMD2024-0117",
        "state": "proposed",
        "attachment_id": sent["message"]["attachments"][0]["id"],
    }
    tag = client.get(f"/api/conversations/{case}").headers["ETag"]
    assert client.post(f"/api/facts/{order['id']}", {"confirmed": True}).status_code == 204
    assert client.post(f"/api/facts/{day['id']}", {"confirmed": False}).status_code == 204
    assert client.get(f"/api/conversations/{case}", headers={"If-None-Match": tag}).status_code == 200
    assert _facts(client, case) == _facts(staff, case) == [order | {"state": "confirmed"}]
    for body in ({}, {"confirmed": "yes"}, {"confirmed": True, "value": "X"}):
        problem(client.post(f"/api/facts/{order['id']}", body), 422)
