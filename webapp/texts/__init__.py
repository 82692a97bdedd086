"""Everything people read, in French and English, from one TOML file a subject and language.

`say("errors.not_found", Language.FR)` reads the key `not_found` of fr/errors.toml.
"""

from __future__ import annotations

import re
import tomllib
from functools import cache
from importlib import resources

from webapp.domain import Language

# The spaces of French typography: none of them may end a line. Narrow before ; ! and ?, whole before the others.
_NARROW = re.compile("[ \u00a0\u202f](?=[;!?])")
_WHOLE = re.compile("[ \u00a0\u202f](?=[:»%€])|(?<=«)[ \u00a0\u202f]")
_APOSTROPHE = re.compile(r"(?<=[^\W\d_])'(?=[^\W\d_]|\{)")


@cache
def catalogue(language: Language) -> dict[str, str]:
    """Return every text of a language under its full key, such as `errors.not_found`."""
    texts: dict[str, str] = {}
    for file in resources.files(__package__).joinpath(language.value).iterdir():
        if file.name.endswith(".toml"):
            _flatten(file.name.removesuffix(".toml"), tomllib.loads(file.read_text("utf-8")), texts)
    return {key: typeset(text) for key, text in texts.items()} if language is Language.FR else texts


def typeset(french: str) -> str:
    """Return a French sentence with its spaces and apostrophes as they are printed."""
    return _APOSTROPHE.sub("\N{RIGHT SINGLE QUOTATION MARK}", keep_together(french))


def keep_together(words: str) -> str:
    """Let no line begin with a sign that French sets apart by a space, nor end with the sign that opens a quotation."""
    return _WHOLE.sub("\N{NO-BREAK SPACE}", _NARROW.sub("\N{NARROW NO-BREAK SPACE}", words))


def _flatten(prefix: str, table: dict[str, object], texts: dict[str, str]) -> None:
    for key, value in table.items():
        if isinstance(value, dict):
            _flatten(f"{prefix}.{key}", value, texts)
        else:
            texts[f"{prefix}.{key}"] = str(value)


def say(key: str, language: Language, **values: object) -> str:
    """Return a text with its {placeholders} filled.

    Raises:
        KeyError: no such text; a guard test keeps this from reaching people.
    """
    text = catalogue(language)[key]
    return text.format(**values) if values else text


def say_count(key: str, language: Language, count: int, **values: object) -> str:
    """Return the text `key`.one or `key`.other; French counts zero as one, English does not."""
    singular = count == 1 or (count == 0 and language is Language.FR)
    return say(f"{key}.{'one' if singular else 'other'}", language, count=count, **values)
