"""Tokens sent for each reply of a long conversation, beside the prompt that repeats everything."""

from __future__ import annotations

import re
import uuid
from typing import TYPE_CHECKING

from benchmarks.figures import Figure, progress
from benchmarks.opponents import whole_history
from benchmarks.private_stack import ROOT
from webapp.assistant import documents, embeddings, language, prompts, retrieval
from webapp.assistant.index import Index, IndexRow
from webapp.assistant.reply import write_reply
from webapp.domain import Author, Passage, Question, Turn

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from benchmarks.bench import Scale

GOAL = 0.35
PASSAGES = 5  # of tasks/replies.py
FOLDER = ROOT / "demo" / "documents" / "fr"
PROTOCOL = "retours.md"
# No tokenizer comes with the application; pieces of words are near enough for a ratio of two French texts.
PIECE = re.compile(r"\w{1,4}|[^\w\s]")
QUESTIONS = """
Combien de temps le vitrage est-il garanti ?
Et pour les volets roulants ?
Le moteur de mon volet ne répond plus depuis hier soir, que dois-je vérifier ?
Comment nettoyer les rails de ma fenêtre coulissante ?
Quels produits faut-il éviter sur le PVC ?
À quelle fréquence faut-il graisser les ferrures ?
Ma fenêtre frotte en bas, peut-on la régler soi-même ?
Quel outil faut-il pour ce réglage ?
De la buée se forme entre les deux vitres, est-ce couvert ?
Comment faire une demande de retour ?
Faut-il garder l'emballage d'origine ?
Qui paie le transport du retour ?
Quel est le délai pour être remboursé ?
Quels sont vos horaires d'ouverture ?
Êtes-vous ouverts le samedi matin ?
Puis-je programmer une deuxième télécommande ?
La garantie est-elle transmise si je vends ma maison ?
Que couvre la garantie légale de conformité ?
Quelles pièces d'usure ne sont pas couvertes ?
Comment joindre un technicien si rien de tout cela ne suffit ?
""".strip().splitlines()


def measure(_folder: Path, _scale: Scale) -> Iterator[Figure]:
    index, passages, protocol = _knowledge()
    history: tuple[Turn, ...] = ()
    ours, theirs = [], []
    for asked in QUESTIONS:
        question = Question(asked, history)
        found = retrieval.search(index, question, PASSAGES)
        read = [passages[each.passage_id] for each in found]
        worth = read[: prompts.worth_sending([each.score for each in found])]
        sent = prompts.reply_messages(question, worth, language.detect(asked))
        ours.append(sum(tokens(content) for _, content in sent))
        theirs.append(tokens(whole_history.prompt(question, read, protocol)))
        progress(f"turn {len(ours)}: {ours[-1]} tokens, {theirs[-1]} with everything")
        said = write_reply(question, read, [each.score for each in found], None, lambda _: None)
        history = (*history, Turn(Author.CLIENT, asked), Turn(Author.ASSISTANT, said.text))
    more: dict[str, object] = {"turns": len(ours), "of_the_last_reply": ours[-1], "against_last": theirs[-1]}
    what = "the whole history, orders and protocol in each prompt, the same passages"
    mean, against = sum(ours) / len(ours), sum(theirs) / len(theirs)
    yield Figure("tokens sent per reply", mean, "tokens", GOAL, "<=", against, what, more)


def tokens(text: str) -> int:
    return len(PIECE.findall(text))


def _knowledge() -> tuple[Index, dict[int, Passage], str]:
    """The demo's documents, indexed as ingestion does; and the firm's protocol as it stands."""
    encoder = embeddings.bundled()
    rows: list[IndexRow] = []
    passages: dict[int, Passage] = {}
    for path in sorted(FOLDER.iterdir()):
        parsed = documents.read_document(path, path.name)
        drafts = documents.split(parsed)
        document_id = uuid.uuid5(uuid.NAMESPACE_URL, path.name)
        for draft, vector in zip(drafts, embeddings.passage_vectors(encoder, parsed.title, drafts), strict=True):
            number = len(rows) + 1
            rows.append(IndexRow(number, draft.text, parsed.title, draft.heading, draft.language, vector))
            passages[number] = Passage(
                number, document_id, parsed.title, draft.page, draft.heading, draft.text, draft.language
            )
    return Index.build(1, rows, encoder), passages, (FOLDER / PROTOCOL).read_text()
