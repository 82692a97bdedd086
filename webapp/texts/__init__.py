"""Everything people read, in French and English, from one TOML file a subject and language.

`say("errors.not_found", Language.FR)` reads the key `not_found` of fr/errors.toml.
"""

from __future__ import annotations

import tomllib
from functools import cache
from importlib import resources

from webapp.domain import Language


@cache
def catalogue(language: Language) -> dict[str, str]:
    """Return every text of a language under its full key, such as `errors.not_found`."""
    texts: dict[str, str] = {}
    for file in resources.files(__package__).joinpath(language.value).iterdir():
        if file.name.endswith(".toml"):
            _flatten(file.name.removesuffix(".toml"), tomllib.loads(file.read_text("utf-8")), texts)
    return texts


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
