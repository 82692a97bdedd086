"""Where a reply is generated: from a question and its passages to what the customer reads."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from webapp.assistant import (
    acknowledgement,
    citations,
    extractive,
    grounding,
    language,
    phrases,
    prompts,
    unseen,
    values,
)
from webapp.domain import Outcome, Reply

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from webapp.assistant.llm import ModelClient
    from webapp.domain import Language, Passage, Question, Source

DRAFT_EVERY_S = 0.5  # as often as browsers ask
_SHORT_QUESTION = 300  # characters


def write_reply(
    question: Question,
    passages: Sequence[Passage],
    scores: Sequence[float],
    model: ModelClient | None,
    on_draft: Callable[[str], None],
) -> Reply:
    """Answer by the model, kept to what the passages say, or by quoting them when `model` is None.

    Files that came with the question are acknowledged besides, and seen by nobody. `on_draft` is given the text so far
    as far as its values are supported. `scores[i]` belongs to `passages[i]`.

    Raises:
        ModelUnavailableError: the model gave no usable text.
    """
    spoken = language.detect(question.text)
    polite = phrases.small_talk(question.text, spoken)
    if polite and question.received:
        return acknowledge_alone(question, spoken)
    if model is None or polite or not passages:
        return _acknowledged(question, extractive.answer(question, passages, scores))
    known, pictures = values.known(_allowed(question, passages)), unseen.concerns(question)
    draft = _Draft(known, on_draft, pictures=pictures)
    sent = passages[: prompts.worth_sending(scores)]
    completion = model.stream(prompts.reply_messages(question, sent, spoken), draft.show)
    said = unseen.keep_unclaimed(citations.before_stops(completion.text), pictures=pictures)
    text, outcome, sources = _grounded(said, known, passages, scores)
    if outcome is Outcome.NO_ANSWER:
        text = phrases.NO_ANSWER[spoken]
    return _acknowledged(question, Reply(text, outcome, spoken, sources, model.model, completion.usage))


def acknowledge_alone(question: Question, spoken: Language) -> Reply:
    """Acknowledge files that came with no word, or with polite ones: there is nothing to look for an answer to."""
    return replace(Reply("", None, spoken), **_said_of_files(question, spoken))


def _acknowledged(question: Question, reply: Reply) -> Reply:
    """The reply with what is said of the files. Where nothing was asked no answer is missed: a person looks at them."""
    if not question.received:
        return reply
    if reply.outcome is Outcome.NO_ANSWER and acknowledgement.kept(question) and "?" not in question.text:
        reply = replace(reply, text="", outcome=None)
    return replace(reply, **_said_of_files(question, reply.language))


def _said_of_files(question: Question, spoken: Language) -> dict[str, Any]:
    owes_a_look = bool(acknowledgement.kept(question))
    return {"acknowledgement": acknowledgement.acknowledge(question, spoken), "owes_a_look": owes_a_look}


class _Draft:
    """Passes on the supported part of a growing text when it has grown, a few times a second at most."""

    def __init__(self, known: frozenset[str], on_draft: Callable[[str], None], *, pictures: bool) -> None:
        self._known = known
        self._pictures = pictures
        self._on_draft = on_draft
        self._shown = ""
        self._shown_at = -DRAFT_EVERY_S

    def show(self, text: str) -> None:
        if time.monotonic() - self._shown_at < DRAFT_EVERY_S:
            return
        if prompts.NO_ANSWER.startswith(text.strip()[: len(prompts.NO_ANSWER)]):
            return
        unclaimed = unseen.draft(citations.unmarked(text), pictures=self._pictures)
        supported = grounding.draft(unclaimed, self._known)
        if len(supported) > len(self._shown):
            self._shown, self._shown_at = supported, time.monotonic()
            self._on_draft(supported)


def _allowed(question: Question, passages: Sequence[Passage]) -> str:
    """All a reply may take its values from: the passages and the conversation."""
    said = [question.text, *(turn.text for turn in question.history), *(fact.value for fact in question.confirmed)]
    return "\n".join([*said, *(f"{passage.title}\n{passage.heading}\n{passage.text}" for passage in passages)])


def _grounded(
    said: str, known: frozenset[str], passages: Sequence[Passage], scores: Sequence[float]
) -> tuple[str, Outcome | None, tuple[Source, ...]]:
    """What may be shown of what the model said: (text, outcome, sources)."""
    text = "" if prompts.NO_ANSWER in said else grounding.keep_supported(said, known)
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
