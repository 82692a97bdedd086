"""What a customer has in the database."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.harness.servers import query

if TYPE_CHECKING:
    from tests.harness.api import ApiClient


def rows(database_url: str, client: ApiClient) -> tuple[object, ...]:
    """How many messages, jobs and cases a customer has."""
    mine = [client.user["id"]] * 3
    counted = (
        "SELECT (SELECT count(*) FROM message WHERE author_id = %s),"
        " (SELECT count(*) FROM job WHERE requester_id = %s),"
        " (SELECT count(*) FROM conversation WHERE client_id = %s)"
    )
    return query(database_url, counted, mine)[0]
