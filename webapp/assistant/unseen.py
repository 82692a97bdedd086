"""Pictures the assistant has not seen: what is said of them as if it had is taken out."""

from __future__ import annotations

from typing import TYPE_CHECKING

from webapp.assistant import words
from webapp.assistant.spoken import any_of, plain

if TYPE_CHECKING:
    from webapp.domain import Question

_PICTURE = (
    r"(?:photo\w*|images?|cliches?|captures? d ecran|pieces? jointes?|(?:fichiers?|documents?) (?:joints?|envoyes?)"
    r"|pictures?|screenshots?|attachments?|attached (?:files?|documents?)|pdfs?)"
)
_SHOWS = (
    r"(?:montre\w*|revele\w*|laisse\w* (?:voir|penser)|permet\w* de (?:voir|constater)|fait apparaitre|semble\w*"
    r"|confirme\w*|suggere\w*|shows?|reveals?|suggests?|confirms?|seems?|appears? to|looks?|depicts?)"
)
_ANY_PICTURE = any_of(_PICTURE)
# Of any picture: whoever says this has looked at it.
_CLAIMS = any_of(
    rf"""
(?:sur|dans|d apres|selon|a partir de|au vu de|vu|grace a) (?:votre|vos|cette|ces) (?:\w+ )?{_PICTURE}
{_PICTURE} (?:\w+ ){{0,3}}{_SHOWS}
(?:on|in|from|based on|according to|judging by|looking at|given) (?:your|this|these|that) (?:\w+ )?{_PICTURE}
as (?:seen|shown|pictured) (?:on|in)
"""
)
# Besides, where the question is of pictures.
_SEES = any_of(
    rf"""
(?:sur|dans|d apres|selon|a partir de|au vu de) (?:la|les|l) (?:\w+ )?{_PICTURE}
(?:on|in|from|based on|according to|judging by|looking at) the (?:\w+ )?{_PICTURE}
(?:j y|je|nous y) (?:vois|voyons|constate|remarque|observe|distingue|apercois|lis|reconnais)|j (?:observe|apercois)
(?<!laquelle )(?<!lesquelles )on y? ?(?:voit|constate|remarque|observe|distingue|apercoit)
i (?:can |could )?(?:clearly )?(?:see|notice|observe|spot|recogni[sz]e)|we (?:can )?see
"""
)


def concerns(question: Question) -> bool:
    """Whether pictures came with a question, or it speaks of some."""
    return bool(question.received) or _ANY_PICTURE.search(plain(question.text)) is not None


def keep_unclaimed(text: str, *, pictures: bool) -> str:
    """The text without the sentences that tell what a picture shows; `pictures` says that the question is of some."""
    claims = {span for span in words.sentences(text) if _claims(text[slice(*span)], pictures=pictures)}
    return words.keep(text, lambda *span: span not in claims) if claims else text


def draft(text: str, *, pictures: bool) -> str:
    """The text up to the first such sentence."""
    wrong = (start for start, stop in words.sentences(text) if _claims(text[start:stop], pictures=pictures))
    return text[: next(wrong, len(text))].rstrip()


def _claims(sentence: str, *, pictures: bool) -> bool:
    said = plain(sentence)
    return _CLAIMS.search(said) is not None or (pictures and _SEES.search(said) is not None)
