"""JSON into blocks: question and answer lists as such, anything else flattened so that a person can read it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from webapp.assistant.parsed import Block, BlockKind, clean
from webapp.errors import DocumentRefusedError

if TYPE_CHECKING:
    from collections.abc import Iterator

_QUESTION_KEYS = ("question", "q", "questions", "title", "titre", "name", "nom", "sujet", "subject")
_ANSWER_KEYS = (
    "answer",
    "reponse",
    "réponse",
    "a",
    "answers",
    "reponses",
    "réponses",
    "text",
    "texte",
    "content",
    "contenu",
)
_DEEPEST = 60
_LABELLED = 80  # characters of a value from which it needs no label to be read


def read(text: str) -> tuple[str, list[Block]]:
    """(title, blocks).

    Raises:
        DocumentRefusedError: `broken` when it is no JSON or JSON lines.
    """
    try:
        title, value = _title(_load(text))
        return title, list(_blocks(value, (), 0))
    except (ValueError, RecursionError):
        raise DocumentRefusedError("broken") from None


def _title(value: object) -> tuple[str, object]:
    """Take the title off a document that has one beside its contents; a list of questions is then the whole of it."""
    if not isinstance(value, dict):
        return "", value
    name = next((key for key in ("title", "titre") if isinstance(value.get(key), str)), None)
    rest = {key: item for key, item in value.items() if key != name}
    contents = [item for item in rest.values() if isinstance(item, list)]
    if name is None or not contents:
        return str(value.get(name) or "") if name else "", value
    return str(value[name]), contents[0] if len(rest) == 1 else rest


def _load(text: str) -> object:
    try:
        return json.loads(text)
    except json.JSONDecodeError:
        lines = [line for line in text.splitlines() if line.strip()]
        if len(lines) < 2:  # noqa: PLR2004 - one broken line is broken JSON, not JSON lines
            raise
        return [json.loads(line) for line in lines]


def _blocks(value: object, path: tuple[str, ...], depth: int) -> Iterator[Block]:
    if depth > _DEEPEST:
        raise ValueError("nested too deep")
    if isinstance(value, dict):
        yield from _of_mapping(value, path, depth)
    elif isinstance(value, list):
        for item in value:
            yield from _blocks(item, path, depth + 1)
    elif (text := _scalar(value)) and path:
        labelled = not isinstance(value, str) or len(text) < _LABELLED
        yield Block(BlockKind.ROW, f"{path[-1]} : {text}" if labelled else text)
    elif text:
        yield Block(BlockKind.PARAGRAPH, text)


def _of_mapping(value: dict[str, object], path: tuple[str, ...], depth: int) -> Iterator[Block]:
    lowered = {str(key).lower(): item for key, item in value.items()}
    question = next((lowered[key] for key in _QUESTION_KEYS if isinstance(lowered.get(key), str)), None)
    answer = next((lowered[key] for key in _ANSWER_KEYS if lowered.get(key)), None)
    if isinstance(question, str) and answer is not None and (heading := clean(question)):
        yield Block(BlockKind.QUESTION, heading)
        yield from _paragraphs(answer, depth)
        return
    for key, item in value.items():
        name = clean(str(key).replace("_", " "))
        if isinstance(item, dict | list) and name:
            yield Block(BlockKind.HEADING, name[:1].upper() + name[1:])
        yield from _blocks(item, (*path, name), depth + 1)


def _paragraphs(answer: object, depth: int) -> Iterator[Block]:
    if isinstance(answer, str):
        yield from (Block(BlockKind.PARAGRAPH, text) for line in answer.split("\n") if (text := clean(line)))
    else:
        yield from _blocks(answer, (), depth + 1)


def _scalar(value: object) -> str:
    if isinstance(value, bool):
        return "oui" if value else "non"
    return "" if value is None else clean(str(value))
