"""Attempts are counted exactly, by kind and subject, in windows of PostgreSQL's clock."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

from sqlalchemy import text

from tests.services.work import transaction
from webapp.services import throttle

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

A_DAY = 86_400  # so that no window ends in the middle of a test


def _count(session: Session, subject: str = "somebody", kind: str = "sign-in") -> int | None:
    return throttle.count_attempt(session, kind, subject, limit=3, window_s=A_DAY)


def test_the_limit_is_reached_by_kind_and_subject(session: Session) -> None:
    assert [_count(session) for _ in range(3)] == [None] * 3
    refused = _count(session)
    assert refused is not None
    assert 1 <= refused <= A_DAY
    assert _count(session, "somebody else") is None
    assert _count(session, kind="register") is None


def test_a_new_window_begins_anew(session: Session) -> None:
    assert [_count(session) is None for _ in range(4)] == [True, True, True, False]
    session.execute(text("UPDATE throttle SET window_start = window_start - interval '1 day'"))
    assert _count(session) is None


def test_old_attempts_are_forgotten(session: Session) -> None:
    _count(session)
    session.execute(text("UPDATE throttle SET window_start = now() - interval '25 h'"))
    _count(session, "somebody else")
    throttle.forget_old_attempts(session)
    assert session.execute(text("SELECT count(*) FROM throttle")).scalar_one() == 1


def test_processes_count_together(database_url: str) -> None:
    def attempt(_number: int) -> bool:
        with transaction(database_url) as session:
            return _count(session) is None

    with ThreadPoolExecutor(4) as pool:
        assert sum(pool.map(attempt, range(12))) == 3
