from __future__ import annotations

import threading
from dataclasses import replace

import numpy as np
import pytest

from tests.assistant import builders
from webapp.assistant import embeddings, retrieval
from webapp.assistant.index import Index
from webapp.assistant.segment import Segment
from webapp.domain import Author, Candidate, Question, Turn

QUERIES = (
    "garantie du moteur de volet",
    "le vitrage grince",
    "délai de livraison des menuiseries",
    "chiffon doux pour le transporteur",
)


@pytest.fixture(scope="module")
def library() -> tuple[Index, dict[int, builders.Passage]]:
    return builders.library()


def best(library: tuple[Index, dict[int, builders.Passage]], query: str) -> str:
    index, known = library
    return known[index.search(query, 1)[0].passage_id].heading


@pytest.mark.parametrize(
    ("query", "heading"),
    [
        ("Combien de temps le vitrage est-il garanti ?", "Garanties"),
        ("Mon volet fait du bruit", "Bruit du volet roulant"),
        ("vollet roulant qui grinse", "Bruit du volet roulant"),
        ("Quand serai-je livré ?", "Délai de livraison"),
        ("Comment laver les carreaux ?", "Entretien du vitrage"),
        ("my door handle is loose", "Door handle"),
    ],
)
def test_questions_find_their_passage(
    library: tuple[Index, dict[int, builders.Passage]], query: str, heading: str
) -> None:
    assert best(library, query) == heading


def test_scores_fall_from_one_to_nought(library: tuple[Index, dict[int, builders.Passage]]) -> None:
    scores = [candidate.score for candidate in library[0].search("garantie du vitrage", 10)]
    assert scores == sorted(scores, reverse=True)
    assert all(0 <= score <= 1 for score in scores)


def test_nothing_is_found_for_nothing(library: tuple[Index, dict[int, builders.Passage]]) -> None:
    assert library[0].search("  ", 5) == []
    assert Index.build(1, [], embeddings.bundled()).search("garantie", 5) == []


def test_what_is_left_unread_is_not_among_the_best() -> None:
    """In pieces of a hundred passages every text is near, so its likeness is known; in one of 800 most are bounded."""
    rows = builders.many_rows(800, headings=50)
    whole = Index.build(1, rows, embeddings.bundled())
    parts = [Segment(rows[start : start + 100]) for start in range(0, len(rows), 100)]
    pieces = Index(1, parts, [np.ones(len(part), np.bool_) for part in parts], embeddings.bundled())
    for query in QUERIES:
        found = {candidate.passage_id: candidate.score for candidate in whole.search(query, 30)}
        read = {candidate.passage_id: candidate.score for candidate in pieces.search(query, 30)}
        assert found == pytest.approx(read, abs=1e-6)


def test_a_change_leaves_the_snapshot_before_as_it_was() -> None:
    index, known = builders.library()
    query = "Quelle est la couleur du store banne ?"
    before = index.search(query, 5)
    fresh = builders.passage("Le store banne existe en bleu et en ocre.", 99, "Couleurs du store banne")
    after = index.changed(2, builders.rows({99: fresh}), set())
    assert after.search(query, 1)[0].passage_id == 99
    assert (after.version, after.size) == (2, len(known) + 1)
    assert index.search(query, 5) == before


def test_what_is_removed_is_never_proposed_again() -> None:
    index, known = builders.library()
    gone = {number for number, passage in known.items() if passage.heading == "Garanties"}
    changed = index.changed(2, [], gone)
    found = {candidate.passage_id for candidate in changed.search("garantie du vitrage", 50)}
    assert not found & gone
    assert changed.size == len(known) - len(gone)


def test_a_passage_added_again_replaces_the_one_before() -> None:
    index, known = builders.library()
    number = next(n for n, passage in known.items() if passage.heading == "Délai de livraison")
    edited = replace(known[number], text="Le délai de livraison est affiché en magasin.")
    changed = index.changed(2, builders.rows({number: edited}), set())
    found = [candidate.passage_id for candidate in changed.search("délai de livraison", 50)]
    assert found.count(number) == 1
    assert changed.size == index.size


def test_many_small_changes_equal_one_build() -> None:
    _, known = builders.library()
    changed = Index.build(1, [], embeddings.bundled())
    for version, (number, passage) in enumerate(known.items(), 2):
        changed = changed.changed(version, builders.rows({number: passage}), set())
    for version in range(20, 40):
        extra = builders.passage(f"Note interne numéro {version}.", 1000 + version)
        changed = changed.changed(version, builders.rows({extra.id: extra}), {999 + version})
    last = changed.changed(40, [], {1039})
    assert last.size == len(known)
    assert [c.passage_id for c in last.search("garantie du vitrage", 3)] == [
        c.passage_id
        for c in Index.build(1, builders.rows(known), embeddings.bundled()).search("garantie du vitrage", 3)
    ]


def test_searches_go_on_in_other_threads_while_it_changes() -> None:
    index, _ = builders.library()
    expected = index.search("volet bruyant", 3)
    results: list[list[Candidate]] = []

    def search() -> None:
        results.extend(index.search("volet bruyant", 3) for _ in range(10))

    threads = [threading.Thread(target=search) for _ in range(4)]
    for thread in threads:
        thread.start()
    changing = index
    for version in range(2, 12):
        changing = changing.changed(version, builders.rows({500: builders.passage("Texte.", 500)}), {1})
    for thread in threads:
        thread.join()
    assert results == [expected] * 40


def test_rows_of_another_encoder_are_found_by_their_words() -> None:
    (row,) = builders.rows({1: builders.passage("Le store banne se replie à la main.")})
    index = Index.build(1, [replace(row, vector=b"\x00\x01\x02")], embeddings.bundled())
    assert index.search("replier le store banne", 1)[0].passage_id == 1


def test_a_follow_up_is_read_with_the_question_before(library: tuple[Index, dict[int, builders.Passage]]) -> None:
    index, known = library
    history = (Turn(Author.CLIENT, "Quelle est la garantie de la structure ?"), Turn(Author.ASSISTANT, "15 ans."))
    (found,) = retrieval.search(index, Question("et pour le moteur ?", history), 1)
    assert known[found.passage_id].heading == "Garanties"


def test_a_question_that_stands_alone_is_left_alone() -> None:
    question = Question("Comment nettoyer les vitres du salon ?", (Turn(Author.CLIENT, "Quelle garantie ?"),))
    assert retrieval.standalone(question) == question.text


def test_vectors_survive_storage() -> None:
    (vector,) = embeddings.bundled().encode(["fenêtre"])
    assert np.allclose(embeddings.from_bytes(embeddings.to_bytes(vector)), vector, atol=1e-3)
    assert np.isclose(np.linalg.norm(vector), 1.0, atol=1e-5)
