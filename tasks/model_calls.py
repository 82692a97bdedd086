"""Each call of the model, counted twice: for Prometheus by this process, and by the hour in the database."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from sqlalchemy.exc import SQLAlchemyError

from webapp import metrics
from webapp.services import model_use
from webapp.services.model_use import OK

if TYPE_CHECKING:
    from tasks.runtime import Runtime
    from webapp.domain import JobKind, Usage

log = logging.getLogger(__name__)


def answered(runtime: Runtime, operation: JobKind, took_s: float, usage: Usage) -> None:
    model = runtime.settings.openai_model
    metrics.LLM_REQUESTS.labels(model, operation, OK).inc()
    metrics.LLM_DURATION.labels(model, operation).observe(took_s)
    metrics.LLM_TOKENS.labels(model, "input").inc(usage.input_tokens)
    metrics.LLM_TOKENS.labels(model, "output").inc(usage.output_tokens)
    _keep(runtime, operation, OK, usage)


def failed(runtime: Runtime, operation: JobKind, reason: str) -> None:
    metrics.LLM_REQUESTS.labels(runtime.settings.openai_model, operation, reason).inc()
    _keep(runtime, operation, reason)


def encoded(model: str, took_s: float, reason: str | None) -> None:
    """Count a call of a provider of vectors, once: the rows by the hour price tokens, and these have another price."""
    metrics.LLM_REQUESTS.labels(model, metrics.EMBEDDING, reason or OK).inc()
    if reason is None:
        metrics.LLM_DURATION.labels(model, metrics.EMBEDDING).observe(took_s)


def _keep(runtime: Runtime, operation: JobKind, status: str, usage: Usage | None = None) -> None:
    """Keep a call; a database that is away must not take the reply with it."""
    try:
        with runtime.statement() as session:
            model_use.count(session, runtime.settings.openai_model, operation, status, usage)
    except SQLAlchemyError as error:
        log.warning("a call of the model was not kept: %s", type(error).__name__)
