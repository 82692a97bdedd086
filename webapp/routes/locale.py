from __future__ import annotations

from flask import request

from webapp.domain import Language

LANGUAGE_COOKIE = "lang"


def language() -> Language:
    """Return the language of this request: chosen by the switch, asked for by the browser, else French."""
    chosen = request.cookies.get(LANGUAGE_COOKIE)
    if chosen in list(Language):
        return Language(chosen)
    best = request.accept_languages.best_match([member.value for member in Language])
    return Language(best) if best else Language.FR
