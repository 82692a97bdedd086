"""A summary corrected by whoever knows better."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import request

from webapp.domain import SummaryFields
from webapp.errors import BusinessError, NotFoundError
from webapp.extensions import db
from webapp.routes import access, problems
from webapp.routes.access import me
from webapp.routes.locale import language
from webapp.routes.pages.addresses import see
from webapp.routes.pages.blueprint import pages
from webapp.routes.pages.conversations import Refusal, show
from webapp.routes.pages.kept import gives_back, unsaved
from webapp.routes.pages.refusals import refused
from webapp.routes.requests import WrongInputError, an_id, checked
from webapp.routes.schemas.closing import SummaryFieldsIn, SummaryIn
from webapp.services import conversations as cases
from webapp.services import summaries
from webapp.texts import say

if TYPE_CHECKING:
    from collections.abc import Mapping

    from flask import Response
    from werkzeug.wrappers import Response as BaseResponse

FOR_STAFF = ("Reste à faire : ", "Dossier : ", "Still open: ", "Case: ")  # how the assistant begins what staff needs


@pages.app_template_filter()
def summary_told(summary: str | None) -> str:
    """Return a summary as its reader needs it: a customer knows her own file, and what is left to do is not hers."""
    lines = (summary or "").splitlines()
    return "\n".join(line for line in lines if me().is_staff or not line.startswith(FOR_STAFF))


@pages.post("/conversations/<conversation_id>/summary")
@access.staff
def edit_summary(conversation_id: str) -> BaseResponse:
    def again(status: int, error: str, faults: dict[str, str] | None = None) -> Response:
        return show(conversation_id, refusal=Refusal(status, error, summary=request.form, faults=faults or {}))

    try:
        _edit(conversation_id)
    except WrongInputError as error:
        faults = {name.removeprefix("fields."): words for name, words in problems.sentences(error.faults).items()}
        return again(422, say("pages.fault.title", language()), faults)
    except NotFoundError:
        raise
    except BusinessError as error:
        return refused(error, again)
    db.session.commit()
    return see(f"/conversations/{conversation_id}?saved=1#case")


@gives_back("pages.edit_summary", texts=("summary", *SummaryFieldsIn.model_fields), anchor="case")
def _give_back(form: Mapping[str, str], conversation_id: str) -> Response:
    return show(conversation_id, refusal=Refusal(error=unsaved(), summary=form))


def _edit(conversation_id: str) -> None:
    """Read the form and keep it; browsers send lines ended by CR LF."""
    told = {name: request.form.get(name) or None for name in SummaryFieldsIn.model_fields}
    text = request.form.get("summary", "").replace("\r\n", "\n")
    given = checked(SummaryIn, {"summary": text, "fields": told})
    fields = None if given.fields is None else SummaryFields(**given.fields.model_dump())
    conversation = cases.lock_visible(db.session(), me(), an_id(conversation_id))
    summaries.edit(db.session(), conversation, given.summary, fields)
