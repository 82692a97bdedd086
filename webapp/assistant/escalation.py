"""When a person takes over at once: danger, anger, a question asked again, or a customer who wants a person."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from webapp.assistant import anger, dangers, language, words
from webapp.assistant.spoken import any_of, plain
from webapp.domain import Author, HandoverReason, Language, Outcome

if TYPE_CHECKING:
    from collections.abc import Sequence

    from webapp.domain import Turn

_SOMEBODY_FR = (
    r"(?:(?:une?|des?|le|la|l|votre|vos|une? de vos) )?(?:vraie? |autre )?"
    r"(?:quelqu un|personnes?|humaine?s?|etre humain|conseill\w+|agents?|technicien\w*|responsable|operat\w+"
    r"|service client|interlocut\w+|collaborat\w+|equipe|directeur|directrice|gerante?)"
)
_SOMEBODY_EN = (
    r"(?:(?:a|an|the|your|some|another|one of your|any) )?(?:real |live |actual |human |customer |service |support )*"
    r"(?:someone|somebody|person|people|humans?|being|agents?|advis[eo]rs?|representatives?|reps?|operators?"
    r"|technicians?|managers?|supervisors?|staff|customer service|team)"
)
_WISH = (
    r"(?:je (?:veux|voudrais|souhaite\w*|prefere\w*|demande|exige)|j aimerais|il me faut|puis je|peut on|possible d)"
)
_WANTS_A_PERSON = any_of(
    r"""
(?<!viens de )(?<!venons de )(?:parler|discuter|echanger) (?:a |avec )?SOMEBODY_FR
WISH (?:joindre|contacter|voir|avoir) SOMEBODY_FR
(?:je (?:veux|voudrais|souhaite|prefere|demande|exige)|il me faut) SOMEBODY_FR(?! (?:de|pour) )
(?:mett\w+ (?:moi |nous |me )?|etre mise? |me mettre )en (?:relation|contact) avec
(?:passe[rz]|transfere[rz]) (?:moi |nous )?(?:a |avec |vers )?SOMEBODY_FR
(?:qu|que) SOMEBODY_FR (?:me|m|nous) (?:reponde|rappelle|contacte|recontacte|aide)
WISH etre (?:rappelee?|recontactee?)|rappelez moi|recontactez moi|y a t il quelqu un$
(?:pas|ni|marre de) (?:parler )?(?:a |avec |d )?(?:un |une |ce |cette )?(?:robot|machine|programme|bot)
(?:speak|talk|chat) (?:directly )?(?:to|with) SOMEBODY_EN
(?:connect|transfer|put|get) me (?:through )?(?:to |with )?SOMEBODY_EN
i (?:want|need|d like|would like|demand) SOMEBODY_EN(?! (?:to|for|who) )
(?:human|person|someone|anyone) (?:i|we) can (?:speak|talk)|is (?:any|some)(?:one|body) there$
(?:please|you|just|someone|somebody|supervisor|manager) call me back
(?:not|hate) (?:to )?(?:talking to )?(?:a |this )?(?:robot|bot|machine)
""".replace("SOMEBODY_FR", _SOMEBODY_FR)
    .replace("SOMEBODY_EN", _SOMEBODY_EN)
    .replace("WISH", _WISH)
)
_PLEASE = (
    r"(?:oui|non|bonjour|hello|hi|ok|une?|a|an|the|le|la|je|veux|i|want|real|live|vraie?|svp|s il vous plait"
    r"|please|merci|thanks|tout de suite|maintenant|now|yes|no)"
)
_ONLY_A_PERSON = re.compile(
    rf"\A(?:{_PLEASE} )*(?:etre humain|humaine?|conseill(?:er|ere)|personne|agent|operateur|operator|human(?: being)?"
    rf"|person|advis[eo]r|representative|someone|somebody|quelqu un)(?: {_PLEASE})*"
)
_YES = re.compile(
    r"(?:(?:oui|yes|ok|okay|d accord|volontiers|avec plaisir|bien sur|je (?:le )?(?:veux|souhaite) bien|sure|of course"
    r"|please(?: do)?|svp|s il vous plait|merci|thanks?|thank you|yep|yeah|ouais|absolument|absolutely|i would"
    r"|tout a fait) ?)+"
)
# What somebody says who asks again, or to be polite: it is not what the question is about.
_INSISTS = any_of(r"""
je (?:vous )?(?:repete|redemande|repose)|encore une fois|a nouveau|deja (?:demande|pose|dit|ecrit)
(?:toujours )?pas (?:repondu|compris|la reponse)|ne repond\w* pas|ma question (?:est|etait)?
once again|again|i (?:already |just )?asked|(?:did ?n t|have ?n t|not) answer\w*|my question (?:is|was)?|i repeat
""")
_POLITE = any_of("ok|okay|merci|bonjour|bonsoir|thanks?|thank you|help|aide|please|svp|d accord|super|parfait")
_STOP_WORDS = words.STOP[Language.FR] | words.STOP[Language.EN]
_FEWEST_TERMS = 2  # of a question said again word for word; one more when it is not
# Of the content words, shared: a word more may be another question, a word less rarely is.
_WITH_MORE, _WITH_LESS, _INSISTED = 0.85, 0.8, 0.5


def reason(text: str, history: Sequence[Turn], safety_words: Sequence[str]) -> HandoverReason | None:
    """Say why a person should take over before any answer is looked for, None when the assistant goes on.

    `history` is what was said before `text`, oldest first, since the case last went back to the assistant.
    """
    said = plain(text)
    if dangers.named(said, safety_words):
        return HandoverReason.SAFETY
    if _wants_a_person(said, history):
        return HandoverReason.CUSTOMER
    if anger.speaks(text):
        return HandoverReason.ANGER
    return HandoverReason.REPEATED if _is_repeated(text, history) else None


def _wants_a_person(said: str, history: Sequence[Turn]) -> bool:
    if _WANTS_A_PERSON.search(said) or _ONLY_A_PERSON.fullmatch(said):
        return True
    was_offered = bool(history) and history[-1].outcome is Outcome.NO_ANSWER
    return was_offered and _YES.fullmatch(said) is not None


def _is_repeated(text: str, history: Sequence[Turn]) -> bool:
    """Whether the assistant has given its answer to nearly the same question already."""
    return any(
        turn.author is Author.CLIENT and _is_answered(history[place + 1 :]) and _nearly_the_same(text, turn.text)
        for place, turn in enumerate(history)
    )


def _is_answered(following: Sequence[Turn]) -> bool:
    """Whether the next reply says something; a second "I found nothing" has its own way to a person."""
    reply = next((turn for turn in following if turn.author is Author.ASSISTANT), None)
    return reply is not None and reply.outcome is not Outcome.NO_ANSWER


def _nearly_the_same(text: str, earlier: str) -> bool:
    spoken = language.detect(earlier)
    ours, theirs = (_subject(each, spoken) for each in (text, earlier))
    figures = _figures(ours)
    fewest = min(len(ours), len(theirs)) - len(figures)
    if figures != _figures(theirs) or fewest < _FEWEST_TERMS:
        return False
    if plain(text) == plain(earlier):
        return True
    shared = len(ours & theirs) / len(ours | theirs)
    enough = _WITH_LESS if ours <= theirs else _WITH_MORE
    if _INSISTS.search(plain(text)):
        enough = _INSISTED
    return fewest > _FEWEST_TERMS and shared >= enough


def _subject(text: str, spoken: Language) -> frozenset[str]:
    """The stems of what a question is about."""
    asked = _POLITE.sub(" ", _INSISTS.sub(" ", plain(text)))
    return frozenset(term for term in words.query_terms(asked, spoken) if term not in _STOP_WORDS)


def _figures(terms: frozenset[str]) -> frozenset[str]:
    """Another number is another question."""
    return frozenset(term for term in terms if any(map(str.isdigit, term)))
