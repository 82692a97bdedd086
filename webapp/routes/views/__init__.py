"""Rows as their readers see them: the same objects for the API and for the pages."""

from __future__ import annotations

from webapp.routes.views.attachments import attachment, attachments_of
from webapp.routes.views.conversations import (
    MAX_SEQ,
    conversation,
    conversation_of,
    entity_tag,
    latest,
    listing,
    writing,
)
from webapp.routes.views.figures import stats
from webapp.routes.views.jobs import job, job_by_id, just_queued
from webapp.routes.views.knowledge import document, index
from webapp.routes.views.messages import just_said, message
from webapp.routes.views.operations import state
from webapp.routes.views.people import person_row, user
from webapp.routes.views.waiting import presence, standing_of

__all__ = [
    "MAX_SEQ",
    "attachment",
    "attachments_of",
    "conversation",
    "conversation_of",
    "document",
    "entity_tag",
    "index",
    "job",
    "job_by_id",
    "just_queued",
    "just_said",
    "latest",
    "listing",
    "message",
    "person_row",
    "presence",
    "standing_of",
    "state",
    "stats",
    "user",
    "writing",
]
