"""Every class that a style sheet names stands somewhere: a rule for none that exists is never applied."""

from __future__ import annotations

import re
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING

import pytest

from tests.harness import commands

if TYPE_CHECKING:
    from collections.abc import Iterator

STATIC = commands.ROOT / "webapp" / "static"
# Whatever a template or a script puts together is a star: by-{{ item.role }} is by-*.
COMMENT, FILLED, CHOICE = (
    re.compile(r"\{#.*?#\}", re.DOTALL),
    re.compile(r"\{\{.*?\}\}|\$\{.*?\}"),
    re.compile(r"\{%.*?%\}"),
)
IN_TEMPLATES = re.compile(
    r"""class="((?:[^"{]|\{\{.*?\}\}|\{%.*?%\})*)"|\{% block \w+_class %\}(.*?)\{% endblock %\}""", re.DOTALL
)
IN_SCRIPTS = re.compile(r"""(?:classList\.\w+\(|className = )["`]([^"`]*)["`]""")
IN_PYTHON = re.compile(r'"class": "([\w -]+)"')


def _written() -> Iterator[str]:
    for path in (commands.ROOT / "templates").rglob("*.html"):
        for found in IN_TEMPLATES.findall(COMMENT.sub("", path.read_text("utf-8"))):
            yield "".join(found)
    for path in STATIC.rglob("*.js"):
        yield from IN_SCRIPTS.findall(path.read_text("utf-8"))
    for path in (commands.ROOT / "webapp" / "routes").rglob("*.py"):
        yield from IN_PYTHON.findall(path.read_text("utf-8"))


def _classes() -> set[str]:
    """Names and patterns; a pattern without a letter would stand for everything."""
    names = {name for value in _written() for name in CHOICE.sub(" ", FILLED.sub("*", value)).split()}
    return {name for name in names if name.strip("*")}


@pytest.mark.parametrize("sheet", sorted(path.name for path in STATIC.glob("*.css")))
def test_every_class_of_a_style_sheet_stands_somewhere(sheet: str) -> None:
    bare = re.sub(r"/\*.*?\*/", "", (STATIC / sheet).read_text("utf-8"), flags=re.DOTALL)
    named = {
        name for selectors in re.findall(r"([^{};]*)\{", bare) for name in re.findall(r"\.([a-z][\w-]*)", selectors)
    }
    written = _classes()
    assert named
    assert sorted(name for name in named if not any(fnmatchcase(name, each) for each in written)) == []
