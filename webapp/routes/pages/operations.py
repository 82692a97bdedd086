"""How the service runs: a sentence, a few figures, then tables; what an admin does to it, by plain forms."""

from __future__ import annotations

from typing import TYPE_CHECKING

from babel.dates import format_date
from babel.numbers import format_currency, format_decimal
from flask import make_response, render_template, request

from webapp.domain import Pausable
from webapp.errors import ConflictError, InvalidError
from webapp.extensions import db
from webapp.routes import access, views
from webapp.routes.access import me
from webapp.routes.locale import language
from webapp.routes.pages.addresses import see
from webapp.routes.pages.audit import told
from webapp.routes.pages.blueprint import pages
from webapp.routes.pages.dashboard import Bar
from webapp.routes.pages.refusals import refused
from webapp.routes.pages.standing import duration, stand_still, who_wait
from webapp.routes.requests import an_id, pausable
from webapp.services import firm, operations, pauses
from webapp.texts import say

if TYPE_CHECKING:
    from collections.abc import Sequence

    from flask import Response
    from werkzeug.wrappers import Response as BaseResponse

    from webapp.routes.schemas.operations import OperationsOut, UseOut
    from webapp.services.operations import QueueLine

CHANGES = 20
LITTLE_WH = 10


@pages.get("/operations", endpoint="operations")
@access.staff
def show_operations() -> Response:
    return _show()


def _show(status: int = 200, error: str | None = None) -> Response:
    state = views.state()
    page = render_template(
        "operations.html",
        state=state,
        sentences=_sentences(state),
        today=state.days[-1],
        bars=_bars(state.days),
        subjects=list(Pausable),
        coefficients=_coefficients(),
        changes=[told(line) for line in firm.last_changes(db.session(), CHANGES, (pauses.SUBJECT, operations.SUBJECT))],
        values=request.form,
        error=error,
    )
    return make_response(page, status)


def _sentences(state: OperationsOut) -> list[str]:
    """Say in words what stands still, who waits, and what is not well."""
    ill = [] if state.dispatchers else [say("operations.no_dispatcher", language())]
    ill += [sentence for queue in state.queues for sentence in _ill(queue)]
    if state.model.state == "failing":
        ill.append(say("operations.model_fails", language()))
    still = stand_still(state.pauses)
    well = [] if ill or still else [say("dashboard.well", language())]
    return [*who_wait(state.for_a_person, state.for_the_assistant), *still, *ill, *well]


def _ill(queue: QueueLine) -> list[str]:
    name = say(f"dashboard.queue.{queue.queue}", language())
    said = [] if queue.workers else [say("operations.no_worker", language(), queue=name)]
    if queue.late and not queue.paused:
        said.append(say("dashboard.late", language(), queue=name, age=duration(queue.oldest_s)))
    return said


def _bars(days: Sequence[UseOut]) -> list[Bar]:
    longest = max(day.read + day.written for day in days) or 1
    return [
        Bar(format_date(day.day, "d MMM", locale=language().value), units, -(-100 * units // longest), {})
        for day in days
        for units in (day.read + day.written,)
    ]


def _coefficients() -> dict[str, object]:
    """Return the Wh of a thousand units, and whether they are the published ones."""
    choices = firm.choices(db.session())
    read, written = (format_decimal(each, locale=language().value) for each in (choices.wh_read, choices.wh_written))
    published = (choices.wh_read, choices.wh_written) == (firm.WH_READ, firm.WH_WRITTEN)
    return {"read": read, "written": written, "published": published}


@pages.post("/operations/pauses")
@access.admin
def pause_by_form() -> BaseResponse:
    try:
        subject = pausable(request.form.get("subject", ""))
        pauses.pause(db.session(), me().account_id, subject, request.form.get("reason", ""))
    except InvalidError:
        db.session.rollback()
        return _show(422, say("operations.fault.reason", language()))
    return _done()


@pages.post("/operations/pauses/<subject>/resume")
@access.admin
def resume_by_form(subject: str) -> BaseResponse:
    pauses.resume(db.session(), me().account_id, pausable(subject))
    return _done()


@pages.post("/operations/jobs/<job_id>")
@access.admin
def act_on_job(job_id: str) -> BaseResponse:
    act = operations.retry if request.form.get("act") == "retry" else operations.give_up
    try:
        act(db.session(), me().account_id, an_id(job_id))
    except ConflictError as error:
        return refused(error, _show)
    return _done()


def _done() -> BaseResponse:
    db.session.commit()
    return see("/operations")


@pages.app_template_filter()
def money(amount: float | None, currency: str) -> str:
    return "–" if amount is None else format_currency(amount, currency, locale=language().value)


@pages.app_template_filter()
def watt_hours(amount: float) -> str:
    """Return "3,4 Wh"; an estimate deserves no more digits."""
    digits = "0.0" if amount < LITTLE_WH else "#,##0"
    return f"{format_decimal(amount, digits, locale=language().value)} Wh"
