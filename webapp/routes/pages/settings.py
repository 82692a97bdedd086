"""The firm's choices: the page, and its form read back into them."""

from __future__ import annotations

from datetime import date, datetime
from typing import TYPE_CHECKING, Any

from flask import make_response, render_template, request

from webapp.domain import Language
from webapp.errors import SettingsChangedError
from webapp.extensions import db
from webapp.routes import access
from webapp.routes.access import me
from webapp.routes.locale import language
from webapp.routes.pages.addresses import see
from webapp.routes.pages.audit import told
from webapp.routes.pages.blueprint import pages
from webapp.routes.pages.kept import gives_back, unsaved
from webapp.routes.pages.refusals import refused
from webapp.routes.requests import WrongInputError, checked
from webapp.services import firm
from webapp.services.firm import Choices
from webapp.texts import say

if TYPE_CHECKING:
    from collections.abc import Mapping

    from flask import Response
    from pydantic_core import ErrorDetails
    from werkzeug.wrappers import Response as BaseResponse

    from webapp.services.firm import Opening

DAYS, SPANS = range(7), range(2)
CHECKED = ("public_holidays", "use_model", "describe_photos")
DECIMALS = ("price_read", "price_written", "wh_read", "wh_written")
NUMBERS = ("late_after_minutes", "keep_conversations_days", "keep_files_days")
CHANGES = 50


@pages.get("/settings", endpoint="settings")
@access.admin
def read_settings() -> Response:
    version, choices = firm.current(db.session())
    return _show(_typed(choices), version)


@pages.post("/settings")
@access.admin
def save_settings() -> BaseResponse:
    seen = request.form.get("version", "")
    try:
        wanted = checked(Choices, _read(request.form))
        firm.change(db.session(), me().account_id, wanted, seen=int(seen) if seen.isdecimal() else None)
    except WrongInputError as error:
        return _again(422, say("pages.fault.title", language()), dict(map(_fault, error.faults)))
    except SettingsChangedError as error:
        return refused(error, _again)
    db.session.commit()
    return see("/settings?saved=1")


def _again(status: int, error: str, errors: dict[str, str] | None = None) -> Response:
    return _show(request.form, firm.current(db.session())[0], status, error, errors)


@gives_back("pages.save_settings", texts=("name",))
def _give_back(form: Mapping[str, str]) -> Response:
    """Show what was typed over the version it was typed over: a colleague's changes meanwhile are still noticed."""
    seen = form.get("version", "")
    return _show(form, int(seen) if seen.isdecimal() else 0, error=unsaved())


def _show(
    values: Mapping[str, str],
    version: int,
    status: int = 200,
    error: str | None = None,
    errors: dict[str, str] | None = None,
) -> Response:
    page = render_template(
        "settings.html",
        values=values,
        version=version,
        error=error,
        errors=errors or {},
        saved="saved" in request.args,
        days=DAYS,
        spans=SPANS,
        changes=[told(line) for line in firm.last_changes(db.session(), CHANGES)],
    )
    return make_response(page, status)


def _typed(choices: Choices) -> dict[str, str]:
    """Return choices as the form's fields hold them."""
    hours = {
        f"hours-{day}-{span}-{end}": value.strftime("%H:%M")
        for day, openings in enumerate(choices.hours)
        for span, opening in enumerate(openings)
        for end, value in (("start", opening.start), ("end", opening.end))
    }
    return hours | {
        "name": choices.name,
        "accent": choices.accent,
        "holidays": "\n".join(_written(day) for day in choices.holidays),
        "welcome_fr": choices.welcome.fr,
        "welcome_en": choices.welcome.en,
        "safety_words": "\n".join(choices.safety_words),
        "currency": choices.currency,
        **{name: str(getattr(choices, name)) for name in NUMBERS},
        **{name: _decimal(getattr(choices, name)) for name in DECIMALS},
        **{name: "1" for name in CHECKED if getattr(choices, name)},
    }


def _written(day: date) -> str:
    return day.strftime("%d/%m/%Y") if language().value == "fr" else day.isoformat()


def _read(form: Mapping[str, str]) -> dict[str, Any]:
    """Return the form's fields as choices are made of; what cannot be read is left for them to refuse."""
    return {
        "name": form.get("name", ""),
        "accent": form.get("accent", "").strip().lower(),
        "hours": [_openings(form, day) for day in DAYS],
        "holidays": sorted({_day(line) for line in _lines(form, "holidays")}, key=str),
        "welcome": {name: form.get(f"welcome_{name}", "").replace("\r\n", "\n") for name in Language},
        "safety_words": list(dict.fromkeys(_lines(form, "safety_words"))),
        **{name: form.get(name, "").strip() for name in NUMBERS},
        **{name: form[name].strip().replace(",", ".") or None for name in DECIMALS if name in form},
        **{name: form[name] for name in ("currency",) if name in form},
        **{name: name in form for name in CHECKED},
    }


def _decimal(value: float | None) -> str:
    written = "" if value is None else f"{value:g}"
    return written.replace(".", ",") if language().value == "fr" else written


def _openings(form: Mapping[str, str], day: int) -> list[dict[str, str | Opening]]:
    spans = [{end: form.get(f"hours-{day}-{span}-{end}", "").strip() for end in ("start", "end")} for span in SPANS]
    return [dict(span) for span in spans if any(span.values())]


def _lines(form: Mapping[str, str], name: str) -> list[str]:
    return [line.strip() for line in form.get(name, "").splitlines() if line.strip()]


def _day(line: str) -> date | None:
    for shape in ("%d/%m/%Y", "%Y-%m-%d"):
        try:
            return datetime.strptime(line, shape).date()  # noqa: DTZ007  a day of the calendar, of no zone
        except ValueError:
            continue
    return None


def _fault(fault: ErrorDetails) -> tuple[str, str]:
    """Return the form's field a fault belongs to, and its sentence."""
    place = fault["loc"]
    field, key = str(place[0]), f"settings.fault.{place[0]}"
    if field in ("hours", "welcome"):
        field = f"{field}-{place[1]}" if field == "hours" else f"{field}_{place[1]}"
    if fault["type"] == "contrast":
        key = "errors.fields.contrast"
    return field, say(key, language())
