"""Ordinary mistakes in what an evaluation is given: a sentence with the place, no trace, exit 2."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from tasks import evaluate

if TYPE_CHECKING:
    from pathlib import Path

DOCUMENT = json.dumps({"id": "a", "title": "Garantie", "text": "La garantie des portes dure cinq ans."})
QUESTION = json.dumps({"question": "Combien dure la garantie ?", "relevant": ["a"], "answers": ["cinq ans"]})


def _measured(folder: Path, corpus: bytes, questions: bytes, *options: str) -> int:
    """What it ends with; None for a file stands for one that is not there."""
    (folder / "corpus").write_bytes(corpus)
    (folder / "questions").write_bytes(questions)
    return evaluate.main(["--corpus", str(folder / "corpus"), "--questions", str(folder / "questions"), *options])


@pytest.mark.parametrize(
    ("corpus", "questions", "said"),
    [
        (f"{DOCUMENT}\n\nnonsense\n", QUESTION, "corpus, line 3: is not JSON."),
        ("[1]", QUESTION, "corpus, line 1: is not an object."),
        (f'{DOCUMENT}\n{{"id": "b"}}', QUESTION, 'corpus, line 2: has no "text".'),
        ('{"text": "b"}', QUESTION, 'corpus, line 1: has no "id".'),
        (DOCUMENT, '{"relevant": ["a"]}', 'questions, line 1: has no "question".'),
        (DOCUMENT, '{"question": "b", "relevant": "a"}', 'questions, line 1: "relevant" is not a list.'),
    ],
)
def test_a_line_that_cannot_be_used_is_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], corpus: str, questions: str, said: str
) -> None:
    assert _measured(tmp_path, corpus.encode(), questions.encode()) == 2
    assert capsys.readouterr() == ("", f"{tmp_path}/{said}\n")


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert evaluate.main(["--corpus", str(tmp_path / "none"), "--questions", str(tmp_path)]) == 2
    assert capsys.readouterr().err == f"{tmp_path}/none cannot be read (No such file or directory).\n"
    assert _measured(tmp_path, DOCUMENT.encode(), "Durée".encode("latin-1")) == 2
    assert capsys.readouterr().err == f"{tmp_path}/questions is not UTF-8 text.\n"


def test_a_model_nobody_named_and_a_setting_that_is_wrong_are_said(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    assert _measured(tmp_path, DOCUMENT.encode(), QUESTION.encode(), "--model", "gpt") == 2
    assert "OPENAI_API_KEY, which is not set" in capsys.readouterr().err
    monkeypatch.setenv("OPENAI_TEMPERATURE", "warm")
    assert _measured(tmp_path, DOCUMENT.encode(), QUESTION.encode()) == 2
    assert capsys.readouterr().err.startswith("OPENAI_TEMPERATURE: ")


def test_what_can_be_used_is_measured(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    marked = b"\xef\xbb\xbf" + DOCUMENT.encode()  # as editors of another system write it
    assert _measured(tmp_path, marked, QUESTION.encode(), "--model", "extractive") == 0
    found = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert (found["questions"], found["recall_at_1"], found["answer_contains"]) == (1, 1.0, 1.0)
