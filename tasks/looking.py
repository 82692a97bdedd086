"""What a vision model sees on a cleaned photo: asked for staff, where the firm allows it."""

from __future__ import annotations

import logging
import time
from typing import TYPE_CHECKING

from tasks import model_calls, stored
from tasks.base import Work
from tasks.worker import app
from webapp.domain import JobKind
from webapp.errors import ModelUnavailableError
from webapp.services import descriptions

if TYPE_CHECKING:
    from tasks.runtime import Runtime
    from webapp.assistant.llm import ModelClient
    from webapp.services.descriptions import ToDescribe
    from webapp.services.jobs import Claim

log = logging.getLogger(__name__)

LEASE_S = 75  # longer than the model is waited for, with all that surrounds it


def think(runtime: Runtime, claim: Claim, wanted: ToDescribe | None) -> str | None:
    if wanted is None or runtime.model is None:
        return None
    with stored.file(), runtime.photos.open(wanted.key) as file:
        picture = file.read()
    return _described(runtime, runtime.model, claim, wanted, picture)


def _described(runtime: Runtime, model: ModelClient, claim: Claim, wanted: ToDescribe, picture: bytes) -> str | None:
    """Ask the model once, and count it. When it gives no description nobody misses more than that."""
    from webapp.assistant.looking import describe

    began = time.monotonic()
    try:
        said, usage = describe(model, picture, wanted.media_type, wanted.language)
    except ModelUnavailableError as error:
        model_calls.failed(runtime, claim.kind, error.reason)
        log.warning("job %s: photo not described: %s", claim.job_id, error.reason)
        return None
    model_calls.answered(runtime, claim.kind, time.monotonic() - began, usage)
    return said or None


WORK = Work(JobKind.DESCRIPTION, LEASE_S, descriptions.to_describe, think, descriptions.record)


@app.task(name="tasks.looking.describe")
def describe_photo(job_id: str) -> None:
    WORK.run(job_id)
