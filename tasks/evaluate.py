"""Quality on given files, by the functions and settings the workers use (`make evaluate`)."""

from __future__ import annotations

import argparse
import json
import sys
import time
import unicodedata
import uuid
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from webapp import settings
from webapp.assistant import documents, embeddings, retrieval
from webapp.assistant.index import Index, IndexRow
from webapp.assistant.llm import ModelClient
from webapp.assistant.reply import write_reply
from webapp.domain import Outcome, Passage, Question
from webapp.errors import DocumentRefusedError, ModelUnavailableError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from webapp.domain import Candidate

_DEEP = 10  # documents looked at for MRR@10
_EACH = 5  # passages asked for per document wanted, as several may be of one document
_NEEDED = {"database_url": "postgresql://none/none", "redis_url": "redis://none", "secret_key": "evaluation"}


class MistakeError(Exception):
    """What was given cannot be used, in a sentence that says where."""


@dataclass(frozen=True, slots=True)
class Corpus:
    index: Index
    passages: dict[int, Passage]
    document_of: dict[int, str]
    build_s: float


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description="Measure retrieval, and answers with --model.")
    parser.add_argument("--corpus", type=Path, required=True, help='JSON lines: {"id", "title", "text"}')
    parser.add_argument(
        "--questions", type=Path, required=True, help='{"question", "relevant", "answers", "answerable"}'
    )
    parser.add_argument("--model", default="", help="extractive, or any word for the model the environment names")
    try:
        result = measure(parser.parse_args(arguments))
    except (MistakeError, settings.SettingsError) as mistake:
        sys.stderr.write(f"{mistake}\n")
        return 2
    sys.stdout.write(json.dumps(result) + "\n")
    return 0


def measure(chosen: argparse.Namespace) -> dict[str, float | int]:
    """Return the figures.

    Raises:
        MistakeError, SettingsError: in a sentence, what of the files or the environment cannot be used.
    """
    lines = read(chosen.corpus, needed=("id", "text"), lists=())
    questions = read(chosen.questions, needed=("question",), lists=("relevant", "answers"))
    model = _model(chosen.model)
    corpus = build(lines, _encoder())
    result = retrieval_figures(corpus, questions)
    return result | answer_figures(corpus, questions, model) if chosen.model else result


def _model(chosen: str) -> ModelClient | None:
    if chosen in ("", "extractive"):
        return None
    wanted = _settings()
    if not wanted.has_model:
        raise MistakeError(
            f"MODEL={chosen} asks the model of OPENAI_API_KEY, which is not set; MODEL=extractive does not."
        )
    return ModelClient(wanted)


def build(lines: Sequence[dict[str, Any]], encoder: embeddings.Encoder) -> Corpus:
    """Split and index the documents as ingestion does."""
    started = time.perf_counter()
    rows: list[IndexRow] = []
    passages: dict[int, Passage] = {}
    document_of: dict[int, str] = {}
    for line in lines:
        title = str(line.get("title") or "")
        try:
            drafts = documents.split(documents.parse(str(line["text"]).encode(), "document.txt"))
        except DocumentRefusedError:
            continue
        document_id = uuid.uuid5(uuid.NAMESPACE_URL, str(line["id"]))
        vectors = embeddings.passage_vectors(encoder, title, drafts)
        for draft, vector in zip(drafts, vectors, strict=True):
            number = len(rows) + 1
            rows.append(IndexRow(number, draft.text, title, draft.heading, draft.language, vector))
            passages[number] = Passage(
                number, document_id, title, draft.page, draft.heading, draft.text, draft.language
            )
            document_of[number] = str(line["id"])
    index = Index.build(1, rows, encoder)
    return Corpus(index, passages, document_of, time.perf_counter() - started)


def retrieval_figures(corpus: Corpus, questions: Sequence[dict[str, Any]]) -> dict[str, float | int]:
    ranks: list[int | None] = []
    times: list[float] = []
    corpus.index.search("préparation", 1)  # the encoder loads at its first use
    for line in questions:
        question = Question(str(line["question"]))
        started = time.perf_counter()
        found = retrieval.search(corpus.index, question, _DEEP * _EACH)
        times.append((time.perf_counter() - started) * 1000)
        if line.get("relevant") and line.get("answerable", True):
            ranks.append(_rank(corpus, found, {str(each) for each in line["relevant"]}))
    times.sort()
    count = len(ranks) or 1
    return {
        "questions": len(questions),
        "passages": corpus.index.size,
        **{f"recall_at_{k}": round(sum(r is not None and r <= k for r in ranks) / count, 4) for k in (1, 3, 5)},
        "mrr_at_10": round(sum(1 / r for r in ranks if r is not None and r <= _DEEP) / count, 4),
        "query_ms_p50": round(times[len(times) // 2], 2) if times else 0.0,
        "query_ms_p95": round(times[min(len(times) - 1, int(len(times) * 0.95))], 2) if times else 0.0,
        "build_s": round(corpus.build_s, 2),
    }


def _rank(corpus: Corpus, found: Sequence[Candidate], relevant: set[str]) -> int | None:
    """The rank of the first relevant document, counting each document once."""
    order = dict.fromkeys(corpus.document_of[candidate.passage_id] for candidate in found)
    return next((rank for rank, document in enumerate(order, 1) if document in relevant), None)


def answer_figures(corpus: Corpus, questions: Sequence[dict[str, Any]], model: ModelClient | None) -> dict[str, float]:
    contained: list[bool] = []
    refused: list[bool] = []
    answered_wrongly: list[bool] = []
    for line in questions:
        question = Question(str(line["question"]))
        found = retrieval.search(corpus.index, question)
        passages = [corpus.passages[candidate.passage_id] for candidate in found]
        try:
            reply = write_reply(question, passages, [each.score for each in found], model, lambda _: None)
        except ModelUnavailableError as error:
            sys.stderr.write(f"no reply: {error.reason}\n")
            continue
        if not line.get("answerable", True):
            answered_wrongly.append(reply.outcome is Outcome.ANSWERED)
            continue
        refused.append(reply.outcome is not Outcome.ANSWERED)
        if line.get("answers"):
            said = _comparable(reply.text)
            contained.append(any(_comparable(str(answer)) in said for answer in line["answers"]))
    return {
        "answer_contains": _share(contained),
        "false_refusals": _share(refused),
        "false_answers": _share(answered_wrongly),
    }


def _share(results: Sequence[bool]) -> float:
    return round(sum(results) / len(results), 4) if results else 0.0


def _comparable(text: str) -> str:
    folded = "".join(char for char in unicodedata.normalize("NFKD", text.casefold()) if not unicodedata.combining(char))
    return " ".join("".join(char if char.isalnum() else " " for char in folded).split())


def read(path: Path, needed: Sequence[str], lists: Sequence[str]) -> list[dict[str, Any]]:
    """Return the objects of a file of JSON lines.

    Raises:
        MistakeError: it cannot be read, or the named line is no object with what is needed.
    """
    try:
        lines = path.read_text("utf-8-sig").split("\n")
    except OSError as error:
        raise MistakeError(f"{path} cannot be read ({error.strerror}).") from None
    except UnicodeDecodeError:
        raise MistakeError(f"{path} is not UTF-8 text.") from None
    numbered = [(number, line) for number, line in enumerate(lines, 1) if line.strip()]
    return [_object(f"{path}, line {number}", line, needed, lists) for number, line in numbered]


def _object(place: str, line: str, needed: Sequence[str], lists: Sequence[str]) -> dict[str, Any]:
    try:
        found = json.loads(line)
    except ValueError:
        raise MistakeError(f"{place}: is not JSON.") from None
    if not isinstance(found, dict):
        raise MistakeError(f"{place}: is not an object.")
    for name in needed:
        if name not in found:
            raise MistakeError(f'{place}: has no "{name}".')
    for name in lists:
        if not isinstance(found.get(name) or [], list):
            raise MistakeError(f'{place}: "{name}" is not a list.')
    return found


def _settings() -> settings.Settings:
    """The settings of the environment; those of the database and the queue are not needed here."""
    import os

    needed = {name.upper(): value for name, value in _NEEDED.items()}
    return settings.load({**needed, **os.environ})


def _encoder() -> embeddings.Encoder:
    return embeddings.encoder(_settings())


if __name__ == "__main__":
    sys.exit(main())
