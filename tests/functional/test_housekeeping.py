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
CREATE TRIGGER refuse BEFORE DELETE ON sign_in FOR EACH ROW EXECUTE FUNCTION refuse();
"""
# A sign-in nobody uses is held by nobody. A case is for a moment, by whoever writes to it or indexes its words, and is
# then left for the next hour: nothing would be refused.
OLD = "UPDATE sign_in SET refreshed_at = clock_timestamp() - interval '20 years'"


def test_steps_that_fail_stop_neither_tickets_nor_each_other(stack: Stack) -> None:
    desk.teach(stack.settings)
    stack.start(dispatcher=0, workers={"replies": 1})
    url = stack.environ["DATABASE_URL"]
    stack.client()
    query(url, OLD)
    client = stack.client()
    held = client.chat(QUESTION)
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
