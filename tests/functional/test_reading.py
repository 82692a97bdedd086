"""A label photographed by a customer: read here, confirmed by her, and seen by a model only where the firm says so."""

from __future__ import annotations

import io
import json
from typing import TYPE_CHECKING, Any

from PIL import Image, ImageDraw, ImageFont

from tests.fakes.model_modes import Mode
from tests.harness.servers import query
from tests.harness.waiting import wait_until
from tests.tasks import desk
from tests.tasks.desk import FACT, QUESTION
from webapp.domain import Role

if TYPE_CHECKING:
    from tests.fakes.model_server import ModelServer
    from tests.harness.api import ApiClient, Json
    from tests.harness.stack import Stack

SEEN = "Une étiquette blanche posée sur une table."


def _label(number: str) -> bytes:
    sheet, file = Image.new("RGB", (900, 500), "white"), io.BytesIO()
    font = ImageFont.load_default(40)
    ImageDraw.Draw(sheet).multiline_text((60, 60), f"FENETRES\nCommande : {number}", "black", font, spacing=40)
    sheet.save(file, "JPEG", quality=90)
    return file.getvalue()


def _send(client: ApiClient, content: bytes, message: str = "", case: str | None = None) -> Json:
    """Send one photo; the job of its reply, ended."""
    files = [("images", ("étiquette.jpg", content, "image/jpeg"))]
    form = {"message": message} | ({"conversation_id": case} if case else {})
    sent = client.request("POST", "/api/upload_images", key=f"key-{message}-{case}", files=files, data=form)
    assert sent.status_code == 202, sent.text
    return client.wait_job(sent.json()["job"]["id"])


def _asked(model: ModelServer) -> str:
    """All that was asked of the model, as it was sent."""
    return json.dumps([request.body for request in model.requests], ensure_ascii=False)


def test_a_label_is_read_and_the_model_sees_it_only_where_allowed(stack: Stack, model_server: ModelServer) -> None:
    desk.teach(stack.settings)
    stack.start(workers={"replies": 1, "images": 1})
    client, staff, admin = stack.client(), stack.staff(), stack.staff(Role.ADMIN)
    model_server.set(Mode.ANSWER, text=f"{FACT} [1] Sur votre photo, je vois une étiquette.")

    job = _send(client, _label("CMD2024-0117"))
    told = job["result"]["message"]
    case = query(stack.environ["DATABASE_URL"], "SELECT conversation_id FROM message WHERE id = %s", [told["id"]])[0][0]
    assert (job["status"], told["outcome"]) == ("succeeded", None)
    assert told["content"].startswith("Merci, j’ai bien reçu une photo. Une personne de l’équipe la regardera")
    assert "si le numéro de commande proposé sous votre message est exact" in told["content"]
    assert model_server.requests == []  # nothing was asked in words
    seen = client.conversation(str(case))
    (fact,) = seen["facts"]
    assert (fact["kind"], fact["value"], fact["state"]) == ("order_number", "CMD2024-0117", "proposed")
    assert (seen["status"], seen["assistant"], seen["waiting_since"] is not None) == ("waiting_staff", "on", True)
    assert client.post(f"/api/facts/{fact['id']}", {"confirmed": True}).status_code == 204

    answered = _send(client, _label("CMD2024-0117"), QUESTION, str(case))["result"]["message"]
    assert answered["content"].startswith(f"{FACT[:-1]}")
    assert "je vois" not in answered["content"]
    assert "numéro de commande" not in answered["content"]  # it is confirmed
    assert "image_url" not in _asked(model_server)

    _with_descriptions(admin)
    model_server.reset()
    model_server.set(Mode.ANSWER, text=SEEN)
    described = _send(client, _label("CMD2024-0118"), "", str(case))  # cleaned, read and replied to,
    assert model_server.requests == []  # while nobody looks: a model that is slow or away holds up none of it
    stack.start(web=False, dispatcher=0, workers={"background": 1})
    wait_until(lambda: _attachments(staff, str(case))[-1]["description"] == SEEN, "the photo to be described")
    assert '"image_url": {"url": "data:image/jpeg;base64,' in _asked(model_server)
    assert SEEN not in json.dumps([described, client.conversation(str(case))], ensure_ascii=False)
    assert 'operation="description",status="ok"} 1.0' in stack.metrics()
    assert desk.broken(stack) == {}


def _with_descriptions(admin: ApiClient) -> None:
    wanted = admin.get("/api/settings").json()["choices"] | {"describe_photos": True}
    assert admin.request("PUT", "/api/settings", json=wanted).status_code == 200


def _attachments(who: ApiClient, case: str) -> list[dict[str, Any]]:
    return [each for message in who.conversation(case)["messages"] for each in message["attachments"]]
