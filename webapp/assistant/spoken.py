"""What customers say, made plain, and lists of turns of phrase to find in it."""

from __future__ import annotations

import re

from webapp.assistant.words import fold

_BLANKS = re.compile(r"[\W_]+")


def plain(text: str) -> str:
    """Folded words parted by single spaces: "C’est l'été." is "c est l ete"."""
    return _BLANKS.sub(" ", fold(text)).strip()


def any_of(phrases: str) -> re.Pattern[str]:
    """Match any of the phrases, one a line (a regular expression over plain text), as whole words."""
    return re.compile(r"\b(?:" + "|".join(filter(None, map(str.strip, phrases.splitlines()))) + r")\b")
