"""Turns of phrase that tell what a sentence does in a support conversation, in both languages at once.

One a line. They are looked for in folded text (`cue`): lower case, no accents, straight apostrophes.
"""

from __future__ import annotations

import re

from webapp.assistant import words


def cue(text: str) -> str:
    return words.fold(text).replace("’", "'")


def _any(lines: str) -> re.Pattern[str]:
    """Any of the expressions, one a line; blanks within a line count."""
    return re.compile("|".join(line for line in lines.splitlines() if line))


# What the customer wants to know or to have.
ASKING = _any(r"""
\?
\b(?:pouvez|pourriez)[- ]vous\b
\bpeut[- ]on\b
\best[- ]ce que\b
\bserait[- ]il\b
\bfaut[- ]il\b
\bje (?:voudrais|souhaite|souhaiterais|veux|desire|demande|cherche|cherchais)\b
\bj'(?:aimerais|ai besoin)\b
\bil (?:me|nous) (?:faut|faudrait)\b
\bmerci de (?!votre|vos|ton|tes|cette|ces|m'avoir)
\bveuillez\b
\b(?:can|could|will|would) (?:you|i|we|someone|somebody)\b
\bi(?: would|'d) like\b
\bi (?:want|need)(?!ed)\b
\bplease (?!d)
\bhelp me\b
\bi (?:am|'m|was) (?:looking|trying) (?:for|to)\b
""")
# A fault of a thing, said of it.
DEFECT = _any(r"""
\b(?:casse|brise|fendu|fissur|fele|bloque|coince|grippe|fuit|fuite|panne|raye|rayure|abime|defectueu|defaut)\w*
\b(?:grince|infiltr|buee|condensation|gondol|deform|decroch|decoll|endommag|degond|arrache|cabosse|voile|jauni)\w*
\b(?:rouille|degat|descelle|dysfonction|hors service|non conforme|pas conforme)\w*
(?<!je )(?<!nous )(?<!vous )\bne (?:se |s')?\w+ (?:plus|pas)\b
(?<!je )(?<!j')\bn'(?:ouvre|arrive|est|a|avance|accroche)\w* (?:plus|pas)\b
\b(?:marche|ferme|ouvre|fonctionne|tient) (?:plus|pas|mal)\b
\b(?:il |elle )?manque\b
\b(?:du jeu|de l'air|un courant d'air|un bruit|trop (?:courte?|longue?|large|etroite?|petite?|grande?))\b
\b(?:broken?|cracked|crack|stuck(?! with| in| at| on| here)|jam(?:med|s)|leak\w*|damaged?|scratch\w*|faulty)\b
\b(?:defect\w*|creak\w*|squeak\w*|draught\w*|condensation|missing(?! the| a| out)|bent|warped|rattl\w*|crash\w*|fault)\b
\b(?:malfunction\w*|smashed|chipped|dented)\b
\b(?:do|does|did|is|are|has|have|wo|ca|would|could)(?:n't|nt| not) (?:\w+ )?(?:clos|open|work|lock|mov|start)\w*
\b(?:do|does|did|is|are|has|have|wo|ca|would|could)(?:n't|nt| not) (?:\w+ )?(?:load|play|turn|fit|shut)\w*
\b(?:do|does|did|is|are|has|have|wo|ca|would|could)(?:n't|nt| not) (?:\w+ )?(?:function|respond|arriv|come)\w*
\b(?:do|does|did|is|are|has|have|wo|ca|would|could)(?:n't|nt| not) (?:\w+ )?(?:record|updat|deliver)\w*
\bcannot (?:\w+ )?(?:clos|open|lock|shut|mov|us)\w*
\b(?:stopped|not) (?:working|closing|opening|recording|loading)\b
\bno longer (?:\w+ )?(?:clos|open|work|lock|mov|start|fit|shut|function|respond)\w*
\bnothing happens\b
\bwon't\b
""")
# Trouble of any kind beside a defect: a request in itself.
TROUBLE = _any(r"""
\b(?:probleme|souci|reclamation|retard|toujours pas|jamais (?:recu|livre|venu))\b
\b(?:pas (?:encore )?(?:recu|livre|venu)|erreur|litige|inadmissible|annul\w+|rembours\w+|problem|issue|trouble)\b
\b(?:complain\w*|late|delay\w*|never (?:arrived|came|received|got)|still (?:not|no|waiting)|wrong|error|lost)\b
\b(?:refund\w*|cancel\w*|unable|can't|cannot|couldn't|didn't|no longer|not received|again)\b
""")
# What the firm's people say they will do.
PROMISE = _any(r"""
\b(?:je|nous|on)(?: (?:vous|le|la|les|lui|leur|y|en))* ?(?:rappel|recontact|contact)(?!\w*er\b)\w*\b(?! que\b)
\b(?:je|nous|on)(?: (?:vous|le|la|les|lui|leur|y|en))* ?(?:transm|verifi|renseign)(?!\w*er\b)\w*\b(?! que\b)
\b(?:je|nous|on)(?: (?:vous|le|la|les|lui|leur|y|en))* ?(?:envo[iy]|enverr|confirm)(?!\w*er\b)\w*\b(?! que\b)
\b(?:je|nous|on)(?: (?:vous|le|la|les|lui|leur|y|en))* ?(?:revien|reven|tien|appell)(?!\w*er\b)\w*\b(?! que\b)
\b(?:je|nous|on)(?: (?:vous|le|la|les|lui|leur|y|en))* ?(?:repond|programm|planifi)(?!\w*er\b)\w*\b(?! que\b)
\b(?:je|nous|on)(?: (?:vous|le|la|les|lui|leur|y|en))* ?relanc(?!\w*er\b)\w*\b(?! que\b)
\b(?:je vais|nous allons|on va)\b(?! pas\b)
\b(?:ferai|ferons|prendrai|prendrons|passerai|passerons)\b
\bvous (?:recevrez|(?:serez|etes) (?:re)?(?:contact|rappel)\w*|(?:re)?(?:contact|appell|rappell)er(?:a|ont))\b
\b(?:technicien|collegue|equipe|service|conseiller)s?\b[^.!?]{0,40}\b(?:va|vont|passera|viendra|vient|prendra)\b
\b(?:conseillere|poseur|transporteur|responsable)s?\b[^.!?]{0,40}\b(?:va|vont|passera|viendra|vient|prendra)\b
\bwill (?:\w+ )?(?:be in touch|contact|call|get back|reach out|follow up|e-?mail|write|send|come|visit|pass)\b
\bwill (?:\w+ )?(?:check|look into|reply|let you know|ship|refund|replace|arrange|investigate|forward|log)\b
\bwill (?:\w+ )?(?:review|respond|escalate|raise|fix|sort|get in touch|go ahead|take (?:\w+ )?action)\b
\b(?:we|i|they|someone)'ll (?:\w+ )?(?:be in touch|contact|call|get back|reach out|follow up|e-?mail|send|come)\b
\b(?:we|i|they|someone)'ll (?:\w+ )?(?:pass|check|look into|take a (?:closer )?look|investigate|forward|log)\b
\b(?:we|i|they|someone)'ll (?:\w+ )?(?:review|respond|escalate|arrange|(?:get|have) (?:you|this|that|it))\b
\bshould (?:respond|reply|be in touch|contact you|reach out|get back)\b
\byou(?:'ll| will) (?:hear|be contacted|receive|get a (?:call|reply|response))\b
\b(?:am|are|'re|'m) going to\b
""")
# The customer says that the matter is done with.
SETTLED = _any(r"""
\b(?:c'est|tout est|est) (?:bon|regle|resolu|repare|en ordre|rentre dans l'ordre)\b
\bprobleme (?:regle|resolu)\b
\b(?:ca|tout|cela) (?:re)?(?:marche|fonctionne)\b(?! pas| plus| mal)
\bplus besoin\b
\bj'ai (?:trouve|resolu)\b
(?<!not )(?<!n't )\b(?:it|that|this|all|everything|now)(?:'s| is| has been)? (?:all )?(?:works|worked|working)\b(?! out)
(?<!not )(?<!n't )\b(?:it|that|this|all|everything|now)(?:'s| is| has been)? (?:all )?(?:fixed|sorted|arrived)\b
(?<!not )(?<!n't )\b(?:it|that|this|all|everything|now)(?:'s| is| has been)? (?:all )?(?:resolved|solved|good now)\b
(?<!not )(?<!n't )\b(?:working|sorted|fixed|resolved) now\b
(?<!not )(?<!n't )\bworking (?:ok|okay|fine|well|again)\b
\bgot it working\b
\ball (?:good|sorted)\b
\bproblem solved\b
\bdid the trick\b
\bno longer need\b
""")
THANKS = _any(r"""
\b(?:merci|thanks?|thank you|thx|cheers)\b(?! de (?!votre|vos))
""")
# Words that only keep the talk going: nothing is told, asked or owed by them.
COURTESY = _any(r"""
^(?:bonjour|bonsoir|hello|hi|hey|hiya|dear|good (?:morning|afternoon|evening))\b[^.!?]{0,25}$
^(?:merci|thanks?|thank you|thx|ty|cheers)\b(?! de (?!votre|vos))[^.?]{0,70}$
^(?:cordialement|bien a vous|sinceres salutations|regards|best|kind regards|yours)\b
^(?:je vous en prie|avec plaisir|de rien|bonne (?:journee|soiree|reception)|au revoir|a bientot)\b
^(?:you'?re|you are) (?:very |most )?welcome\b
^no (?:problem|worries)\b
^(?:my|our) pleasure\b
^bye\b
^goodbye\b
^enjoy\b
^have a (?:good|great|nice|lovely)\b
^(?:ok|okay|d'accord|tres bien|parfait|great|perfect|excellent|super|got it|understood|done|yes|no)\b[^.?]{0,22}$
^(?:oui|non|cool|lovely|alright|all right|sure|noted|bien note|entendu|ca marche|will do)\b[^.?]{0,22}$
\b(?:reste|restons|restent) a votre (?:disposition|ecoute)\b
\bje ne peux pas (?:la|le|les) juger moi-meme\b
\bi cannot judge (?:it|them) myself\b
\bmerci (?:pour|de) votre\b
\b(?:nous sommes|je suis) (?:vraiment |sincerement )?(?:desole|navre)\w*
\bdesole (?:pour|de)\b
\bnous regrettons\b
\bnous comprenons\b
\bunderstand that this\b
\bhate (?:to|that)\b
\b(?:sorry|apologi[sz]e)\b(?! but\b)
\bapologies\b
\bthanks? (?:you )?for\b
\bappreciate\b
\blet (?:us|me) know (?:how|if)\b
\banything else\b
\b(?:happy|glad|pleased|here) to (?:help|hear|assist)\b
\b(?:love|like) to help\b
\bhelp (?:has arrived|is here)\b
\bhope (?:this|that|it) helps\b
\bunderstand (?:your|how|that's|the) (?:frustrat|concern|disappoint)\w*
\bany (?:further|other) (?:question|quer)\w*
""")
# Courtesy however long: an offer of more help is neither an answer nor a question that waits.
OFFER = _any(r"""
\bn'hesitez pas\b
\bautre (?:question|chose|demande)\b
\ba votre (?:disposition|ecoute)\b
\bkeep us (?:posted|updated)\b
\b(?:anything|any ?thing|something) else\b
\bgive (?:us|me) a shout\b
\bany (?:further|other|more) (?:question|quer|help)\w*
\blet (?:us|me) know (?:how|if|whether)\b
\b(?:happy|glad|here|love|like) to (?:help|assist|hear|look into)\b
\bhave a (?:good|great|nice|lovely)\b
\bright here\b
\bhere for you\b
\babout your (?:\w+ )?experience\b
\bhelp has arrived\b
\bfurther assistance\b
\bwe(?:'d| would)? (?:want|like|love|understand)\b
\b(?:to|on) the bottom of\b
\bwill certainly help\b
\btaken? (?:very )?seriously\b
\bappreciate (?:your|you|the)\b
""")
# The firm is sorry, and says no more.
REGRET = _any(r"""
\b(?:sorry|apolog\w+|frustrat\w+|inconvenience)\b
\b(?:desole|navre|regret)\w*
""")
# The customer did what the firm asked for.
COMPLIED = _any(r"""
\b(?:done|sent|emailed|dm'?d|dm'?ed|messaged you|submitted|c'est fait|fait|envoye\w*|transmis)\b
""")
# What the firm asks of the customer.
ASKED_BACK = _any(r"""
\?
\b(?:pouvez|pourriez)[- ]vous\b
\bveuillez\b
\bmerci de (?!votre|vos)
\b(?:envoyez|indiquez|precisez|donnez|communiquez|dites)[- ](?:nous|moi)\b
\b(?:please|pls|kindly) (?:\w+ )?(?:send|dm|d\.?m\.?|pm|provide|share|tell|confirm|give|reply|e-?mail)\w*
\b(?:please|pls|kindly) (?:\w+ )?(?:let (?:us|me)|direct|update us)\w*
\b(?:dm|pm|send|tell|give|drop|message|direct message) (?:us|me)\b
\b(?:via|to|in|by) (?:dm|pm)\b
\blet (?:us|me) know\b
\blet's (?:move|go|take|meet|continue)\b
""")
