"""The firm's choices: what may be chosen, who changed what, and when people answer."""

from __future__ import annotations

from datetime import date, datetime, time
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import pytest
from pydantic import ValidationError

from tests.services.work import new_account
from webapp.domain import Role
from webapp.errors import SettingsChangedError
from webapp.models import Change, Firm
from webapp.services import colours, firm
from webapp.services.firm import Choices, Opening

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

PARIS = ZoneInfo("Europe/Paris")
OPEN_ALL_DAY = [Opening(start=time(8), end=time(18))]


def _at(day: int, hour: int, minute: int = 0) -> datetime:
    """A moment of a week of November 2026 with no public holiday in it; day 16 is a Monday."""
    return datetime(2026, 11, day, hour, minute, tzinfo=PARIS)


@pytest.mark.parametrize(
    "wrong",
    [
        {"name": ""},
        {"name": " \n "},
        {"name": "x" * 81},
        {"name": "a\x00b"},
        {"name": "a\ud800"},
        {"accent": "red"},
        {"accent": "#FFF"},
        {"accent": "#00ff00"},
        {"hours": [[]] * 6},
        {"hours": [[{"start": "12:00", "end": "09:00"}]] + [[]] * 6},
        {"hours": [[{"start": "09:00Z", "end": "12:00Z"}]] + [[]] * 6},
        {"hours": [[{"start": "09:00", "end": "12:00"}, {"start": "11:59", "end": "14:00"}]] + [[]] * 6},
        {"hours": [[{"start": f"1{n}:00", "end": f"1{n}:30"} for n in range(3)]] + [[]] * 6},
        {"holidays": ["31/02/2026"]},
        {"safety_words": [""]},
        {"keep_conversations_days": 29},
        {"late_after_minutes": 0},
        {"colour": "#000000"},
    ],
)
def test_what_makes_no_sense_is_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        Choices.model_validate(wrong)


def test_what_was_typed_is_put_in_order() -> None:
    later, sooner = {"start": "14:00", "end": "18:00"}, {"start": "09:00:59", "end": "12:00"}
    chosen = Choices.model_validate({"name": " Volets\r\ndu  Nord ", "hours": [[later, sooner]] + [[]] * 6})
    assert chosen.name == "Volets du Nord"
    assert [opening.start for opening in chosen.hours[0]] == [time(9), time(14)]


def test_what_a_newer_version_chose_stops_nothing_here(session: Session) -> None:
    firm_row = session.query(Firm).one()
    firm_row.choices = {"name": "Volets", "tone": "warm", "welcome": {"fr": "Bonjour", "de": "Guten Tag"}}
    session.flush()
    assert firm.choices(session).welcome.fr == "Bonjour"
    firm.change(session, new_account(session, Role.ADMIN).id, firm.choices(session))
    assert firm.current(session)[1].name == "Volets"


def test_a_change_is_kept_with_who_what_and_from_what(session: Session) -> None:
    author = new_account(session, Role.ADMIN)
    version, choices = firm.current(session)
    firm.change(session, author.id, choices.model_copy(update={"name": "Volets", "late_after_minutes": 20}))
    assert firm.current(session) == (version + 1, firm.choices(session))
    assert firm.choices(session).name == "Volets"
    line = firm.last_changes(session, 1)[0]
    assert (line.author, line.subject, line.about) == (author.name, "settings", None)
    assert line.before == {"name": "Chatbot SAV", "late_after_minutes": 15}
    assert line.after == {"name": "Volets", "late_after_minutes": 20}


def test_choosing_the_same_again_changes_nothing(session: Session) -> None:
    version, choices = firm.current(session)
    firm.change(session, new_account(session, Role.ADMIN).id, choices)
    assert firm.current(session)[0] == version
    assert session.query(Change).count() == 0


def test_a_form_read_before_another_change_is_refused(session: Session) -> None:
    author = new_account(session, Role.ADMIN).id
    version, choices = firm.current(session)
    firm.change(session, author, choices.model_copy(update={"name": "Volets"}), seen=version)
    with pytest.raises(SettingsChangedError):
        firm.change(session, author, choices.model_copy(update={"name": "Portes"}), seen=version)
    assert firm.choices(session).name == "Volets"


def test_the_audit_outlives_its_author(session: Session) -> None:
    author = new_account(session, Role.ADMIN)
    firm.change(session, author.id, Choices(name="Volets"))
    session.delete(author)
    session.flush()
    session.expire_all()
    assert firm.last_changes(session, 1)[0].author is None


def test_people_answer_within_the_hours_of_the_day() -> None:
    chosen = Choices()
    expected = {(16, 8, 59): False, (16, 9, 0): True, (16, 12, 30): False, (16, 14, 0): True, (16, 17, 30): False}
    assert {at: firm.is_open(chosen, _at(*at)) for at in expected} == expected
    assert not firm.is_open(chosen, _at(21, 10))


def test_the_next_opening_leaps_over_the_weekend_and_holidays() -> None:
    chosen = Choices(holidays=[date(2026, 11, 23)])
    assert firm.next_opening(chosen, _at(16, 8)) == _at(16, 9)
    assert firm.next_opening(chosen, _at(16, 12, 45)) == _at(16, 13, 30)
    assert firm.next_opening(chosen, _at(20, 18)) == _at(24, 9)


def test_public_holidays_are_the_firms_choice() -> None:
    armistice = _at(11, 10)
    assert not firm.is_open(Choices(), armistice)
    assert firm.is_open(Choices(public_holidays=False), armistice)


def test_a_firm_that_never_opens_promises_nothing() -> None:
    assert firm.next_opening(Choices(hours=[[]] * 7), _at(16, 8)) is None


def test_the_clock_is_that_of_where_the_firm_is() -> None:
    chosen = Choices(hours=[OPEN_ALL_DAY] * 7, public_holidays=False)
    before_the_change_of_clocks = datetime(2026, 10, 24, 20, 0, tzinfo=PARIS)
    following = firm.next_opening(chosen, before_the_change_of_clocks)
    assert following == datetime(2026, 10, 25, 8, 0, tzinfo=PARIS)
    assert following.utcoffset() != before_the_change_of_clocks.utcoffset()


def test_holidays_of_france_move_with_easter() -> None:
    assert {date(2026, 4, 6), date(2026, 5, 14), date(2026, 5, 25)} <= firm.french_holidays(2026)
    assert len(firm.french_holidays(2026)) == 11


@pytest.mark.parametrize("accent", ["#0f5f6b", "#c2185b", "#767676", "#000000", "#0000ff", "#b00020", "#6a1b9a"])
def test_a_colour_can_be_read_in_both_themes(accent: str) -> None:
    light, dark = colours.light(accent), colours.dark(accent)
    for tokens, grounds in (
        (light, (colours.WHITE, colours.LIGHT_SUNKEN)),
        (dark, (colours.DARK_GROUND, colours.DARK_RAISED, colours.DARK_SUNKEN)),
    ):
        for ground in (*grounds, tokens["tint"], tokens["on-accent"]):
            assert colours.contrast(tokens["accent"], ground) >= 4.5
        assert colours.contrast(tokens["accent-strong"], tokens["on-accent"]) >= 4.5


def test_contrast_is_counted_as_the_rules_do() -> None:
    assert colours.contrast("#000000", "#ffffff") == pytest.approx(21)
    assert colours.contrast("#ffffff", "#ffffff") == pytest.approx(1)
    assert colours.contrast("#777777", "#ffffff") < 4.5 < colours.contrast("#767676", "#ffffff")
