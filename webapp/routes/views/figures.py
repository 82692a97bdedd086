"""Figures of the desk."""

from __future__ import annotations

from dataclasses import asdict

from webapp.errors import InvalidError
from webapp.extensions import db
from webapp.routes.schemas.stats import StatsOut
from webapp.routes.sessions import settings
from webapp.services import standing
from webapp.services import stats as figures


def stats(period: str) -> StatsOut:
    """Return the figures of a period, and how the desk stands now.

    Raises:
        InvalidError: there is no such period.
    """
    if period not in figures.DAYS:
        raise InvalidError(field="period")
    read = figures.current(db.session(), figures.Wanted(period, settings().timezone))
    db.session.commit()  # newer ones may be owed
    return StatsOut(period=period, **dict(read), **asdict(standing.read(db.session())))
