"""HTML for people: one module a noun. Each page works with no script; scripts only spare waiting and reloading."""

from __future__ import annotations

from webapp.routes.pages import (  # noqa: F401  they add their routes and words
    accounts,
    chat,
    conversations,
    display,
    documents,
    information,
    knowledge,
    refusals,
    source,
)
from webapp.routes.pages.blueprint import pages

__all__ = ["pages"]
