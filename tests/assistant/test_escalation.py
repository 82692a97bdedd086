"""When a person takes over before any answer is looked for, and when nobody needs to."""

from __future__ import annotations

import pytest

from webapp.assistant import escalation
from webapp.assistant.brief import brief
from webapp.domain import Author, HandoverReason, Language, Outcome, Question, Reply, Turn

SAFETY = (
    "Il y a une odeur de gaz chez moi depuis la pose",
    "Ça sent le brûlé dans le coffre du volet",
    "Le moteur a pris feu",
    "Il y a un incendie",
    "De la fumée sort du coffre",
    "Le volet est en flammes",
    "Électrocution hier avec l’interrupteur",
    "J'ai pris une décharge électrique",
    "Mon enfant s'est blessé avec le volet",
    "Ma fille s'est coincé les doigts dans la porte",
    "Je me suis coupé la main avec la vitre",
    "La fenêtre est tombée sur le trottoir",
    "La vitre a explosé cette nuit",
    "Le vitrage menace de tomber dans la rue",
    "There is a gas smell in the room",
    "The motor caught fire",
    "Smoke is coming out of the box",
    "I got an electric shock from the shutter",
    "My son was hurt by the door",
    "Broken glass fell on the pavement",
    "The installer was injured",
)
OF_PRODUCTS = (
    "Quelle est la résistance au feu de cette porte ?",
    "Avez-vous une porte coupe-feu EI 30 ?",
    "Vos vitrages sont-ils résistants à l'incendie ?",
    "Le vitrage est-il pare-flammes ?",
    "Où poser un détecteur de fumée ?",
    "Le verre fumé est-il disponible ?",
    "Que faire en cas d'incendie ?",
    "Quelle est la réaction au feu du PVC ?",
    "Is it a fire door?",
    "What is the fire resistance of this door?",
    "Where does the smoke detector go?",
    "Do you sell smoked glass?",
    "La poignée est tombée, comment la remettre ?",
    "Le volet est tombé en panne",
    "Le verre de ma fenêtre est cassé",
    "My shutter is stuck",
)
ANGRY = (
    "C'est scandaleux",
    "C’est inadmissible, trois mois que j’attends",
    "Vous êtes des voleurs",
    "C'est une arnaque",
    "Bande d'escrocs",
    "Je porte plainte",
    "Mon avocat vous contactera",
    "Je vais saisir la DGCCRF",
    "CELA FAIT TROIS FOIS QUE JE VOUS ÉCRIS",
    "Toujours pas de réponse !!!",
    "This is ridiculous",
    "You are liars",
    "I will sue you",
    "Worst customer service ever",
    "STILL NOTHING AFTER THREE WEEKS",
)
CALM = (
    "QUELLE EST LA GARANTIE DE MA PORTE",
    "PORTE ALU VITRAGE ISOLANT RAL 7016",
    "Le coloris GRIS ANTHRACITE RAL 7016 est-il disponible ?",
    "Merci beaucoup !!!",
    "MERCI POUR VOTRE AIDE, C'EST PARFAIT !",
    "Arnaques par courriel : que faire ?",
    "Comment porter plainte ?",
    "Le poids excède-t-il cent kilos ?",
    "Mon volet ne descend plus, est-ce sous garantie ?",
    "It is broken, what can I do?",
    "شكرا جزيلا لكم على المساعدة، وصل الباب!",  # scripts without capitals
    "תודה רבה על העזרה, הדלת הגיעה!",
    "您好 我的 门窗 已经 收到 非常 感谢 你们 的 帮助 真的 谢谢!",
)
WANTED = (
    "Je veux parler à quelqu'un",
    "Un conseiller svp",
    "Puis-je parler à une personne ?",
    "Mettez-moi en relation avec un conseiller",
    "Je souhaite être rappelé",
    "Je ne veux pas parler à un robot",
    "Passez-moi un responsable",
    "conseiller",
    "a human please",
    "Can I talk to a real person?",
    "I want to speak with an agent",
)
NOT_WANTED = (
    "Comment contacter le service client ?",
    "Un technicien peut-il venir mesurer ?",
    "Combien de personnes pour poser la baie ?",
    "Qui est le responsable de la livraison ?",
    "Je viens de parler à un conseiller, il attend la facture",
    "Combien de temps pour être recontacté ?",
    "I need a technician to come and measure",
    "oui",
)


def _reason(text: str, *history: Turn, words: tuple[str, ...] = ()) -> HandoverReason | None:
    return escalation.reason(text, history, words)


@pytest.mark.parametrize("text", SAFETY)
def test_a_danger_goes_to_a_person(text: str) -> None:
    assert _reason(text) is HandoverReason.SAFETY


@pytest.mark.parametrize("text", OF_PRODUCTS)
def test_a_product_named_after_a_danger_is_none(text: str) -> None:
    assert _reason(text) is None


@pytest.mark.parametrize("text", ANGRY)
def test_anger_goes_to_a_person(text: str) -> None:
    assert _reason(text) is HandoverReason.ANGER


@pytest.mark.parametrize("text", CALM)
def test_capitals_joy_and_the_words_of_a_question_are_no_anger(text: str) -> None:
    assert _reason(text) is None


@pytest.mark.parametrize("text", WANTED)
def test_a_customer_who_asks_for_a_person_in_words_has_one(text: str) -> None:
    assert _reason(text) is HandoverReason.CUSTOMER


@pytest.mark.parametrize("text", NOT_WANTED)
def test_a_question_about_people_is_a_question(text: str) -> None:
    assert _reason(text) is None


@pytest.mark.parametrize(
    ("word", "text", "named"),
    [
        ("décrochement", "Il y a eu un DÉCROCHEMENT", True),
        ("décrochement", "des décrochements", True),
        ("décrochements", "un decrochement", True),
        ("bris de verre", "Trois bris de verres ce matin", True),
        ("bris de verre", "du verre en débris", False),
        ("amiante", "de l'amiante", True),
        ("amiante", "une amiantelle", False),
        ("feu", "Quelle résistance au feu ?", False),
        ("feu", "Un feu derrière la porte", True),
        ("porte coupe-feu", "La porte coupe-feu ne ferme plus", True),
        ("c++", "vitamine c", True),  # only its letters are words
        ("!!", "Bonjour !!", False),
        ("(.*", "Bonjour", False),
    ],
)
def test_the_firms_words_are_whole_words_without_accents_in_any_number(word: str, text: str, *, named: bool) -> None:
    assert (_reason(text, words=("autre", word)) is HandoverReason.SAFETY) is named


def test_danger_is_told_before_anger_and_anger_before_the_wish() -> None:
    assert _reason("C'est scandaleux, le moteur a pris feu, je veux parler à quelqu'un") is HandoverReason.SAFETY
    assert _reason("C'est scandaleux, je veux parler à quelqu'un") is HandoverReason.CUSTOMER


@pytest.mark.parametrize("yes", ["oui", "Oui, s'il vous plaît", "d'accord", "Yes please", "volontiers, merci"])
def test_yes_to_the_offer_of_a_person_is_asking_for_one(yes: str) -> None:
    offered = Turn(Author.ASSISTANT, "Souhaitez-vous une personne ?", Outcome.NO_ANSWER)
    answered = Turn(Author.ASSISTANT, "Sept ans.", Outcome.ANSWERED)
    assert _reason(yes, offered) is HandoverReason.CUSTOMER
    assert _reason(yes, answered) is None
    assert _reason("oui mais pour les volets battants ?", offered) is None


ASKED = "Combien de temps dure la garantie des volets roulants ?"
AGAIN = (
    (ASKED, ASKED),
    (ASKED, "combien de temps dure la garantie de vos volets roulants"),
    (ASKED, "Je répète : combien de temps dure la garantie des volets roulants ?"),
    ("Comment régler la paumelle de ma porte ?", "Vous n'avez pas répondu, comment régler la paumelle de la porte"),
    ("Mon volet ne descend plus", "mon volet ne descend plus !"),
    ("Où est la commande CMD-4521 du portail ?", "Où est la commande CMD-4521 du portail"),
    ("How long is the warranty of roller shutters?", "How long is the warranty of the roller shutter?"),
)
NEW = (
    (ASKED, "et pour les volets battants ?"),
    (ASKED, "Combien de temps dure la garantie des volets battants ?"),
    (ASKED, "Combien de temps dure la garantie des volets roulants électriques ?"),
    ("Où est la commande CMD-4521 du portail ?", "Où est la commande CMD-4522 du portail ?"),
    ("ok", "ok"),
    ("merci", "merci"),
    ("Bonjour", "Bonjour"),
    ("Merci pour votre aide", "Merci pour votre aide"),
    ("Ok thank you for your help", "Ok thank you for your help"),
)


def _history(asked: str, outcome: Outcome | None = Outcome.ANSWERED) -> tuple[Turn, ...]:
    return Turn(Author.CLIENT, asked), Turn(Author.ASSISTANT, "Sept ans.", outcome)


@pytest.mark.parametrize(("asked", "again"), AGAIN)
def test_the_same_question_after_its_answer_goes_to_a_person(asked: str, again: str) -> None:
    assert _reason(again, *_history(asked)) is HandoverReason.REPEATED
    assert _reason(again, *_history(asked), *_history("Et la pose ?")) is HandoverReason.REPEATED


@pytest.mark.parametrize(("asked", "new"), NEW)
def test_another_question_or_a_courtesy_is_answered(asked: str, new: str) -> None:
    assert _reason(new, *_history(asked)) is None


def test_a_question_is_not_repeated_before_its_answer_or_after_none() -> None:
    assert _reason(ASKED) is None
    assert _reason(ASKED, Turn(Author.CLIENT, ASKED)) is None
    assert _reason(ASKED, *_history(ASKED, Outcome.NO_ANSWER)) is None


def test_a_brief_tells_what_was_asked_found_and_numbered() -> None:
    asked = "Ma commande CMD-45217 du 12/03/2026 : le vitrage 4/16/4 est fendu, RAL7016, appelez le 06 12 34 56 78"
    history = (Turn(Author.CLIENT, "Facture 2026001234"), Turn(Author.ASSISTANT, "Voici.", Outcome.ANSWERED))
    told = brief(Question(asked, history), None)
    assert told.asked == ("Facture 2026001234", asked)
    assert (told.answered, told.found_nothing) == ("Voici.", False)
    assert told.references == ("CMD-45217", "2026001234")
    nothing = brief(Question(asked, history), Reply("", Outcome.NO_ANSWER, Language.FR))
    assert (nothing.answered, nothing.found_nothing) == (None, True)
    handed = (*history, Turn(Author.ASSISTANT, "Transmis.", Outcome.HANDED_OVER))
    assert brief(Question("?", handed), None).answered == "Voici."


def test_a_brief_reads_the_last_words_only() -> None:
    history = tuple(Turn(Author.CLIENT, f"Commande CMD-{number:05}") for number in range(40))
    told = brief(Question("Et alors ?", history), None)
    assert told.asked == (*(turn.text for turn in history[-10:]), "Et alors ?")
    assert told.references[-1] == "CMD-00030"


@pytest.mark.parametrize(
    "piece", ["A ", "un ", "il y a ", "mon fils est ", "oui non ", "AAAA", "!", "never buy ", "ok"]
)
def test_a_long_message_is_read_to_its_end(piece: str) -> None:
    text = piece * (8000 // len(piece))
    assert _reason(f"{text} le moteur a pris feu", *_history(text)) is HandoverReason.SAFETY
