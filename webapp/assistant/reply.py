"""Where a reply is generated: from a question and its passages to what the customer reads."""

from __future__ import annotations

from typing import TYPE_CHECKING

from webapp.assistant import citations, extractive, grounding, language, phrases, prompts
from webapp.domain import Outcome, Reply

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from webapp.assistant.llm import ModelClient
    from webapp.domain import Passage, Question, Source

_SHORT_QUESTION = 300  # characters


def write_reply(
    question: Question,
    passages: Sequence[Passage],
    scores: Sequence[float],
    model: ModelClient | None,
    on_draft: Callable[[str], None],
) -> Reply:
    """Answer by the model, kept to what the passages say, or by quoting them when `model` is None.

    `on_draft` is given the text so far as far as its values are supported. `scores[i]` belongs to `passages[i]`.

    Raises:
        ModelUnavailableError: the model gave no usable text.
    """
    spoken = language.detect(question.text)
    polite = phrases.small_talk(question.text, spoken)
    if model is None or polite or not passages:
        return extractive.answer(question, passages, scores)
    allowed = _allowed(question, passages)
    draft = _Draft(allowed, on_draft)
    completion = model.stream(prompts.reply_messages(question, passages, spoken), draft.show)
    text, outcome, sources = _grounded(completion.text, allowed, passages, scores)
    if outcome is Outcome.NO_ANSWER:
        text = phrases.NO_ANSWER[spoken]
    return Reply(text, outcome, spoken, sources, model.model, completion.usage)


class _Draft:
    """Passes on the supported part of a growing text, when it has grown."""

    def __init__(self, allowed: str, on_draft: Callable[[str], None]) -> None:
        self._allowed = allowed
        self._on_draft = on_draft
        self._shown = ""

    def show(self, text: str) -> None:
        if prompts.NO_ANSWER.startswith(text.strip()[: len(prompts.NO_ANSWER)]):
            return
        supported = grounding.draft(citations.unmarked(text), self._allowed)
        if len(supported) > len(self._shown):
            self._shown = supported
            self._on_draft(supported)


def _allowed(question: Question, passages: Sequence[Passage]) -> str:
    """All a reply may take its values from: the passages and the conversation."""
    said = [question.text, *(turn.text for turn in question.history)]
    return "\n".join([*said, *(f"{passage.title}\n{passage.heading}\n{passage.text}" for passage in passages)])


def _grounded(
    said: str, allowed: str, passages: Sequence[Passage], scores: Sequence[float]
) -> tuple[str, Outcome | None, tuple[Source, ...]]:
    """What may be shown of what the model said: (text, outcome, sources)."""
    text = "" if prompts.NO_ANSWER in said else grounding.keep_supported(said, allowed)
    if not text:
        return "", Outcome.NO_ANSWER, ()
    text, sources = citations.cited(text, passages, scores)
    if sources:
        return text, Outcome.ANSWERED, sources
    if text.endswith("?") and len(text) < _SHORT_QUESTION:
        return text, None, ()  # a question back states no fact
    number = citations.supporting(text, passages)
    if number is None:
        return "", Outcome.NO_ANSWER, ()
    text, sources = citations.cited(f"{text} [{number}]", passages, scores)
    return text, Outcome.ANSWERED, sources
