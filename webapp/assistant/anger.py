"""Anger in a message: insults, threats, complaints that are shouted."""

from __future__ import annotations

import re

from webapp.assistant.spoken import any_of, plain

_INSULTS = any_of(r"""
scandaleu(?:x|se)|quel scandale|un scandale|inadmissibles?|inacceptables?|intolerables?|honteu(?:x|se)|une honte|honte a vous
lamentables?|pitoyables?|minables?|deplorables?|incapables|incompetente?s?
arnaqueu(?:rs?|ses?)|(?:c est|quelle|une vraie|belle|grosse|pure) (?:de l |une |la )?arnaque
(?:fait|faire|m avez|etre|ete) arnaque(?:r|e|es)?|escrocs?
abrutis?|connards?|connasse|encules?|merde|merdiques?|putain|foutage de gueule|fout\w* de (?:moi|nous|ma|notre|la)
ras le bol|bande de \w+s|(?:j en ai|on en a|nous en avons) marre
vous etes (?:tous |vraiment |des )*(?:nuls?|nulles?|menteurs?|voleurs?|idiots?|imbeciles?|malhonnetes?)
service (?:client )?(?:est )?(?:nul|pourri|zero)
je suis (?:tres |vraiment |absolument )?(?:furieu(?:x|se)|en colere|exasperee?|excedee?|outree?|hors de moi|degoutee?)
ridiculous|disgust(?:ing|ed)|disgrace(?:ful)?|unacceptable|outrageous|appalling|pathetic|shambles|furious|infuriating
fuck\w*|shit\w*|bull ?shit|wtf|crap|assholes?|idiots|morons|incompetent|liars|thieves|crooks
scam(?:mers?|med)|(?:a|total|complete) scam|rip ?offs?|ripped (?:me|us )?off|what a joke|(?:is|are) an? (?:\w+ )?joke
fed up|sick (?:and tired )?of (?:this|your|you|waiting|being)|pissed(?: off)?|shame on you|screw you|you suck|sucks
worst (?:customer |airline )?(?:service|experience|support|delivery|company)
(?:terrible|awful|horrible|horrendous|shocking|dreadful|abysmal) (?:customer )?(?:service|support|company|experience)
(?:useless|disgraceful) (?:service|company|support|people|staff)
(?:i am|i m|so|very|extremely) angry|lying to (?:me|us)|stealing (?:my|our|from)
""")  # noqa: E501  a phrase a line
_THREATS = any_of(r"""
je (?:vais )?(?:porter?|deposer?|porterai|deposerai) plainte
(?:mon|notre) avocat|(?:contacter|saisir|prendre|consulter|appelle|voir) un avocat
(?:mets|mettrai|mettons|une mise) en demeure|poursuivre en justice|vous poursuiv\w+
(?:vais|allons|va|vous) (?:\w+ ){0,2}(?:en justice|au tribunal)
(?:saisir|contacter|saisis|signaler (?:a|aupres de)) (?:la |l |le )?(?:dgccrf|repression des fraudes|tribunal|ufc)
60 millions de consommateurs
sue (?:you|them)|i (?:ll|will) sue|my (?:lawyer|attorney|solicitor)|legal action|trading standards|small claims
(?:take|see) you (?:to|in) court|never (?:again|(?:buy|us|shop|fly|order|do)\w*) [\w ]{0,30}again
""")
_COMPLAINTS = any_of(r"""
toujours (?:pas|rien)|jamais|aucune? (?:reponse|nouvelles?)|attends?|attendu|rien|personne ne|encore|fois|marre
inutile|nul|repondez|urgent|semaines|mois|deja|pas contente?|mecontente?
still|never|nobody|no one|nothing|again|waiting|waited|ignor\w+|useless|weeks|months|answer me|terrible|awful|horrible
""")
_GRATITUDE = any_of("merci|bravo|super|parfait|thanks?|great|love|amazing|happy")
_CAPITALS = re.compile(r"(?:\b[A-ZÀ-ÖØ-ÞŒŸ]{2,}\b[\s,'’!?.]*){3,}")  # many scripts have none
_SHOUTED_LETTERS = 14  # fewer are names of products
_EXCLAMATIONS = 3


def speaks(text: str) -> bool:
    """Say whether somebody angry wrote this. Capitals alone are a stuck key, exclamation marks alone are joy."""
    said = plain(text)
    if _INSULTS.search(said) or _THREATS.search(said):
        return True
    complains = _COMPLAINTS.search(said) is not None
    if text.count("!") >= _EXCLAMATIONS:
        return complains
    shouted = max((sum(map(str.isalpha, run[0])) for run in _CAPITALS.finditer(text)), default=0)
    return shouted >= _SHOUTED_LETTERS and (complains or ("!" in text and not _GRATITUDE.search(said)))
