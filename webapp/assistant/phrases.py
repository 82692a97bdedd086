"""The fixed sentences of the assistant, in both languages, and the small talk they answer."""

from __future__ import annotations

import re

from webapp.assistant.words import fold
from webapp.domain import Language

NO_ANSWER = {
    Language.FR: "Je n’ai pas trouvé de réponse à votre question dans nos documents. "
    "Souhaitez-vous qu’une personne de notre équipe vous réponde ?",
    Language.EN: "I have not found an answer to your question in our documents. "
    "Would you like a person from our team to answer you?",
}
GREETING = {
    Language.FR: "Bonjour. Je suis l’assistant du service après-vente. Quelle est votre question ?",
    Language.EN: "Hello. I am the after-sales assistant. What is your question?",
}
THANKS = {
    Language.FR: "Je vous en prie. Je reste à votre disposition si vous avez une autre question.",
    Language.EN: "You are welcome. I am here if you have another question.",
}
GOODBYE = {
    Language.FR: "Au revoir. Votre conversation reste disponible ici.",
    Language.EN: "Goodbye. Your conversation stays available here.",
}
OTHER_LANGUAGE = {
    Language.FR: "Nos documents répondent à cette question en anglais :",
    Language.EN: "Our documents answer this question in French:",
}

_FILLERS = """
a vous toi tout le monde monsieur madame messieurs mesdames l equipe beaucoup bien infiniment d avance encore pour
votre aide reponse very much so lot for your help again there team sir madam and et ok accord super parfait great
perfect everyone all you
"""
_FILLER = frozenset(_FILLERS.split())
_KINDS = (
    (THANKS, frozenset({"merci", "mercis", "remercie", "thanks", "thank", "thx"})),
    (
        GREETING,
        frozenset({"bonjour", "bonsoir", "salut", "coucou", "hello", "hi", "hey", "morning", "afternoon", "evening"}),
    ),
    (GOODBYE, frozenset({"revoir", "bye", "goodbye", "bientot", "journee", "soiree"})),
)
_LONGEST = 8  # words of a message that is only polite
_POLITE = frozenset({"je", "m", "i", "we", "nous", "bonne", "belle", "au", "good"})


def small_talk(text: str, language: Language) -> str | None:
    """The polite reply to a greeting, thanks or a goodbye; None when the message says anything else."""
    said = re.findall(r"[a-z]+", fold(text))
    if not said or len(said) > _LONGEST:
        return None
    courtesies = {word for _, heard in _KINDS for word in heard}
    if not set(said) <= courtesies | _FILLER | _POLITE:
        return None
    return next((answer[language] for answer, heard in _KINDS if heard & set(said)), None)
