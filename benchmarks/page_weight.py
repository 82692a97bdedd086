"""The first visit of the chat page: everything a browser fetches to show it, nothing cached."""

from __future__ import annotations

import gzip
import re
from typing import TYPE_CHECKING
from urllib.parse import urljoin

import httpx

from benchmarks.figures import Figure, progress

if TYPE_CHECKING:
    from collections.abc import Iterator

    from benchmarks.private_stack import PrivateStack

GOAL_KB, GOAL_REQUESTS = 60, 8
GZIP_LEVEL = 5  # of the proxy that stands before us in production
ATTRIBUTE = re.compile(r"""<(?:link|script|img|use)\b[^>]*?\b(?:href|src)=["']([^"'#]+)""")
IMPORT = re.compile(r"""^\s*import\b[^"'(]*["']([^"']+)["']""", re.MULTILINE)


def measure(stack: PrivateStack, person: dict[str, str]) -> Iterator[Figure]:
    sizes: dict[str, int] = {}
    _visit(f"{stack.url}/chat", person["Cookie"], sizes)
    for url, size in sizes.items():
        progress(f"{size:7d} bytes {url.removeprefix(stack.url)}")
    what = f"gzip {GZIP_LEVEL} of the proxy of docker-compose.yml"
    yield Figure("first visit of the chat page", sum(sizes.values()) / 1000, "kB", GOAL_KB, "<=", None, what, {})
    yield Figure("first visit of the chat page, requests", len(sizes), "requests", GOAL_REQUESTS, "<=", None, "", {})


def _visit(url: str, cookie: str, sizes: dict[str, int]) -> None:
    """Fetch it and, once each, what it names."""
    answer = httpx.get(url, headers={"Cookie": cookie}, timeout=10, trust_env=False).raise_for_status()
    sizes[url] = len(gzip.compress(answer.content, GZIP_LEVEL))
    text, kind = answer.text, answer.headers["Content-Type"]
    html = re.sub(r"<noscript>.*?</noscript>", "", text, flags=re.DOTALL)
    named = ATTRIBUTE.findall(html) if "html" in kind else IMPORT.findall(text) if "script" in kind else []
    for each in named:
        target = urljoin(url, each)
        if target not in sizes and not re.search(r"<a\b[^>]*" + re.escape(each), html):
            _visit(target, cookie, sizes)
