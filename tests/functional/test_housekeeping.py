"""Whatever of the periodic work fails, questions are answered and the rest of it goes on."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.harness.servers import query
from tests.tasks import desk
from tests.tasks.desk import QUESTION

if TYPE_CHECKING:
    from tests.harness.stack import Stack

REFUSE = """
CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE 'not now'; END $$;
CREATE TRIGGER refuse BEFORE INSERT OR UPDATE ON queue_head FOR EACH ROW EXECUTE FUNCTION refuse();
CREATE TRIGGER refuse BEFORE DELETE ON conversation FOR EACH ROW EXECUTE FUNCTION refuse();
"""
OLD = "UPDATE conversation SET closed_at = clock_timestamp() - interval '20 years' WHERE id = %s"


def test_steps_that_fail_stop_neither_tickets_nor_each_other(stack: Stack) -> None:
    desk.teach(stack.settings)
    stack.start(dispatcher=0, workers={"replies": 1})
    client, url = stack.client(), stack.environ["DATABASE_URL"]
    held = client.chat(QUESTION)
    old = client.chat(QUESTION)["conversation_id"]
    client.post("/api/close_conversation", {"conversation_id": old})  # nobody holds it any more, which would spare it
    query(url, OLD, [old])
    query(url, REFUSE)
    stack.start(web=False, dispatcher=1, workers={})
    dispatcher = stack.process("dispatcher-1")
    dispatcher.wait_log("keep_heads failed, due again: ")
    dispatcher.wait_log("housekeeping not done, due again: ")
    assert client.wait_job(held["job"]["id"])["result"]["message"]["outcome"] == "answered"
    late = client.chat("Bonjour")["job"]["id"]
    assert client.wait_job(late)["status"] == "succeeded"
    assert "database away" not in dispatcher.output()
    assert "not now" not in dispatcher.output()
