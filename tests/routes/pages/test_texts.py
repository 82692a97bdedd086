"""Every text a page asks for exists, and every text of the pages is asked for."""

from __future__ import annotations

import re
from pathlib import Path

from webapp.domain import Language
from webapp.texts import catalogue, say_count

ROOT = Path(__file__).resolve().parents[3]
FRENCH, ENGLISH = catalogue(Language.FR), catalogue(Language.EN)
TEMPLATES = sorted((ROOT / "templates").rglob("*.html"))
SOURCES = {path: path.read_text("utf-8") for path in (*TEMPLATES, *sorted((ROOT / "webapp" / "routes").rglob("*.py")))}
SCRIPTS = {path: path.read_text("utf-8") for path in sorted((ROOT / "webapp" / "static" / "js").glob("*.js"))}

KEY = re.compile(r"""["'](pages\.[a-z0-9_]+\.[a-z0-9_.]*|errors\.titles\.\d+)["']( ~)?""")
FORMATTED = re.compile(r"""f"(pages\.[a-z0-9_.]+\.)\{""")
SCRIPT_KEY = re.compile(r"""["`]((?:life|live|link|chat|time)\.[a-z_.]*)(?:["]|\$\{)""")
ANNOUNCED = re.compile(r"""announcer\.say\("([a-z_]+)\"""")


def asked_for() -> tuple[set[str], set[str]]:
    """Keys that are named whole, and beginnings of keys that are put together."""
    whole, begun = set(), set()
    for text in SOURCES.values():
        for key, goes_on in KEY.findall(text):
            (begun if goes_on or key.endswith(".") else whole).add(key)
        begun |= set(FORMATTED.findall(text))
    for text in SCRIPTS.values():
        for key in SCRIPT_KEY.findall(text):
            (begun if key.endswith(".") else whole).add(f"pages.{key}")
        whole |= {f"pages.live.{key}" for key in ANNOUNCED.findall(text)}
    return whole, begun


def is_there(key: str) -> bool:
    return key in FRENCH or f"{key}.other" in FRENCH


def test_every_key_asked_for_exists() -> None:
    whole, begun = asked_for()
    assert len(whole) > 100
    missing = {key for key in whole if not is_there(key)}
    missing |= {key for key in begun if not any(there.startswith(key) for there in FRENCH)}
    assert not missing


def test_every_text_of_the_pages_is_asked_for() -> None:
    whole, begun = asked_for()
    unused = {
        key
        for key in FRENCH
        if key.startswith("pages.")
        and not whole & {key, key.removesuffix(".one"), key.removesuffix(".other")}
        and not any(key.startswith(beginning) for beginning in begun)
    }
    assert not unused


def test_no_page_writes_its_words_itself() -> None:
    """Words between tags of a template come from the texts."""
    for path in TEMPLATES:
        bare = re.sub(r"\{% block \w+_class %\}.*?\{% endblock %\}", "", SOURCES[path])
        bare = re.sub(r"\{#.*?#\}|\{%.*?%\}|\{\{.*?\}\}", "", bare, flags=re.DOTALL)
        bare = re.sub(r"<style>.*?</style>|<[^>]*>", " ", bare, flags=re.DOTALL)
        assert not re.search(r"[A-Za-zÀ-ÿ]{3,}", bare), f"{path.name} says {bare.split()}"


def test_nothing_is_inline() -> None:
    """The content security policy forbids it. The letter to keep is no page: it is opened from a folder, alone."""
    for path in TEMPLATES:
        if path.name == "export.html":
            continue
        assert not re.search(r"\sstyle=|\son[a-z]+=|javascript:|<style|<script(?![^>]*\ssrc=)", SOURCES[path]), (
            path.name
        )


def test_the_voice_is_calm() -> None:
    for key, text in (*FRENCH.items(), *ENGLISH.items()):
        if key.startswith("pages."):
            assert "!" not in text, key
            assert not re.search(r"\b(job|token|erreur \d|error \d)\b", text, re.IGNORECASE), key


def test_counting_follows_each_language() -> None:
    assert say_count("pages.life.queued", Language.FR, 0).startswith("Dans la file\u00a0: 0 message ")
    assert say_count("pages.life.queued", Language.EN, 0).startswith("In the queue: 0 messages ")
