from __future__ import annotations

from typing import TYPE_CHECKING

from tasks.retention import Removal
from webapp.models.engine import open_sessions
from webapp.services.retention import AT_ONCE

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from webapp.settings import Settings

MOST = 100  # that go at once before something gives way


def test_fewer_go_at_once_after_a_failure_until_all_are_gone(settings: Settings) -> None:
    sessions = open_sessions(settings, 1)
    left, asked = [700], []

    def remove(_session: Session, most: int) -> int:
        asked.append(most)
        if most > MOST:
            raise TimeoutError
        gone = min(most, left[0])
        left[0] -= gone
        return gone

    removal = Removal("rows", remove)
    while left[0]:
        try:
            removal(sessions)
        except TimeoutError:
            continue
    assert asked[:4] == [AT_ONCE, AT_ONCE // 2, AT_ONCE // 4, AT_ONCE // 8]
    before = len(asked)
    removal(sessions)
    removal(sessions)
    assert len(asked) == before  # its turn comes later
    sessions.kw["bind"].dispose()
