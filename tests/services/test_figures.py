"""What operators watch, read from the database."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.services.work import new_account
from webapp.domain import JobStatus, Role
from webapp.services import figures, firm

if TYPE_CHECKING:
    from sqlalchemy.orm import Session


@pytest.mark.parametrize(
    ("read", "written", "told"), [(2.5, 10.0, (2.5, 10.0)), (2.5, None, (0.0, 0.0)), (None, None, (0.0, 0.0))]
)
def test_prices_are_told_when_both_are_known(
    session: Session, read: float | None, written: float | None, told: tuple[float, float]
) -> None:
    wanted = firm.choices(session).model_copy(update={"price_read": read, "price_written": written})
    firm.change(session, new_account(session, Role.ADMIN).id, wanted)
    _, series = figures.read(session)["sav_llm_price"]
    assert (series[("input",)], series[("output",)]) == told


def test_every_series_is_told_once_and_every_gauge_is_named(session: Session) -> None:
    quick, whole = figures.read(session), figures.read_whole(session)
    assert quick.keys() | whole.keys() == figures.HELP.keys()
    for name in quick.keys() & whole.keys():
        assert quick[name][0] == whole[name][0]
        assert not quick[name][1].keys() & whole[name][1].keys()
    states = {state for read in (quick, whole) for _, state in read["sav_jobs"][1]}
    assert states == set(JobStatus)
