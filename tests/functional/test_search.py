"""New words become findable by themselves, and none are lost with the dispatcher that was to index them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.harness.waiting import wait_until

if TYPE_CHECKING:
    from tests.harness.api import ApiClient
    from tests.harness.stack import Stack


def _found(client: ApiClient, q: str) -> list[str]:
    return [item["id"] for item in client.get("/api/conversations", params={"q": q}).json()["items"]]


def test_what_is_said_while_the_dispatcher_is_dead_is_found_after(stack: Stack) -> None:
    stack.start(web=True, dispatcher=1)
    client = stack.client()
    before = client.chat("Mes fenêtres")["conversation_id"]
    wait_until(lambda: _found(client, "fenetre") == [before], "the words to be findable")
    stack.kill("dispatcher-1")
    after = client.chat("Mes volets")["conversation_id"]
    assert _found(client, "volet") == []
    stack.restart("dispatcher-1")
    wait_until(lambda: _found(client, "volet") == [after], "the words to be findable")
