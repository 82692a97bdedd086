"""Stored reasons as sentences."""

from __future__ import annotations

from webapp.routes.locale import language
from webapp.texts import catalogue, say


def reason(subject: str, code: str) -> str:
    """Return the sentence for a stored reason; an unknown one gets the general sentence."""
    key = f"errors.{subject}.{code}"
    return say(key if key in catalogue(language()) else f"errors.{subject}.failed", language())
