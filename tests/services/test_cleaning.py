"""What becomes of a file is decided once, in its locked case."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

import pytest

from tests.harness.servers import query
from tests.harness.waiting import wait_until
from tests.services.pictures import clean, image_jobs, send, stored
from tests.services.work import identity, transaction
from webapp.services import cleaning, files

if TYPE_CHECKING:
    from collections.abc import Callable
    from uuid import UUID

    from sqlalchemy.orm import Session

WAITS_FOR_A_LOCK = "SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
ROWS = "SELECT state, reason FROM attachment"


def _rejected(session: Session, attachment_id: UUID, _key: str) -> None:
    cleaning.reject(session, attachment_id, "deadline")


def _lost(session: Session, _attachment_id: UUID, key: str) -> None:
    assert not files.lose(session, key)


@pytest.mark.parametrize("decide", [_rejected, _lost])
def test_a_file_that_becomes_clean_while_its_case_is_waited_for_stays_so(
    database_url: str, decide: Callable[[Session, UUID, str], None]
) -> None:
    with transaction(database_url) as session:
        job_id = image_jobs(session, send(session, identity(session), stored()).message_id)[0]
    ((attachment_id, key),) = query(database_url, "SELECT attachment_id, key FROM attachment_file")

    def late() -> None:
        with transaction(database_url) as other:
            decide(other, attachment_id, str(key))  # type: ignore[arg-type]  # a column's value

    thread = threading.Thread(target=late)
    with transaction(database_url) as session:
        assert clean(session, job_id)
        thread.start()
        wait_until(lambda: bool(query(database_url, WAITS_FOR_A_LOCK)), "the other to wait")
    thread.join()
    assert query(database_url, ROWS) == [("clean", None)]
