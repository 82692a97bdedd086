"""HTML for people: one module a noun. Each page works with no script; scripts only spare waiting and reloading."""

from __future__ import annotations

from webapp.routes.pages import (  # noqa: F401  they add their routes and words
    account,
    accounts,
    attachments,
    chat,
    conversations,
    dashboard,
    desk,
    desk_forms,
    display,
    documents,
    feedback,
    firm,
    information,
    knowledge,
    operations,
    people,
    refusals,
    saved_replies,
    settings,
    source,
    standing,
    summaries,
    welcome,
)
from webapp.routes.pages.blueprint import pages

__all__ = ["pages"]
