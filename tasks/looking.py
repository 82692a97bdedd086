"""What a vision model sees on a cleaned picture: asked for staff, where the firm allows it."""

from __future__ import annotations

import logging
import time
from typing import TYPE_CHECKING

from tasks import model_calls
from webapp.errors import ModelUnavailableError

if TYPE_CHECKING:
    from pathlib import Path

    from tasks.runtime import Runtime
    from webapp.domain import Language
    from webapp.services.jobs import Claim

log = logging.getLogger(__name__)


def description(runtime: Runtime, claim: Claim, picture: Path, media_type: str, language: Language) -> str | None:
    """Return a description of a picture; None without a model, or when it gives none: nobody misses more than that."""
    if runtime.model is None:
        return None
    from webapp.assistant.looking import describe

    began = time.monotonic()
    try:
        said, usage = describe(runtime.model, picture.read_bytes(), media_type, language)
    except ModelUnavailableError as error:
        model_calls.failed(runtime, claim.kind, error.reason)
        log.warning("job %s: picture not described: %s", claim.job_id, error.reason)
        return None
    model_calls.answered(runtime, claim.kind, time.monotonic() - began, usage)
    return said or None
