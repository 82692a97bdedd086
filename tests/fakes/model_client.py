"""The real OpenAI and LangChain clients, asking the fake model. For the fake's own tests."""

from __future__ import annotations

from typing import TYPE_CHECKING

import httpx
from langchain_openai import ChatOpenAI
from pydantic import SecretStr

if TYPE_CHECKING:
    from langchain_core.messages import AIMessageChunk

    from tests.fakes.model_server import ModelServer

KEY = SecretStr("sk-of-a-test")
PROMPT = [
    ("system", "Answer from the passages."),
    ("human", '<passage n="1">La garantie dure 24 mois. Elle suit la facture.</passage>\nCombien dure la garantie ?'),
]
QUOTE = "La garantie dure 24 mois. Elle suit la facture. [1]"


def client(model: ModelServer, timeout: float = 10) -> ChatOpenAI:
    return ChatOpenAI(
        model="fake-model",
        base_url=model.base_url,
        api_key=KEY,
        timeout=timeout,
        max_retries=0,
        stream_usage=True,
    )


def stream(model: ModelServer, timeout: float = 10) -> AIMessageChunk:
    chunks = list(client(model, timeout).stream(PROMPT))
    whole = chunks[0]
    for chunk in chunks[1:]:
        whole += chunk
    return whole


def post(model: ModelServer, **body: object) -> httpx.Response:
    given = {"model": "fake-model", "messages": [{"role": "user", "content": "Bonjour"}]} | body
    return httpx.post(f"{model.base_url}/chat/completions", json=given, trust_env=False)
