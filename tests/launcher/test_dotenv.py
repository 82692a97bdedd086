from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from launcher import dotenv

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize(
    ("line", "value"),
    [
        ("A=b", "b"),
        ("  export A = b  ", "b"),
        ("A=", ""),
        ("A=b c  # why", "b c"),
        ("A=b#c", "b#c"),
        ("A=# nothing", ""),
        ("A='b # c'  # why", "b # c"),
        (r"A='b\n'", r"b\n"),
        (r'A="b\n\"c\" \\ \$d"', 'b\n"c" \\ $d'),
        ("A=postgresql://u:p=x@h/d?a=b", "postgresql://u:p=x@h/d?a=b"),
        ("A=$HOME", "$HOME"),
    ],
)
def test_a_line_means_what_it_says(line: str, value: str) -> None:
    found = dotenv.parse(f"# first\n\n{line}\n")

    assert found.values == {"A": value}
    assert not found.faults


@pytest.mark.parametrize("line", ["secret", "A='secret", 'A="secret', "1A=secret", "A='x' secret"])
def test_a_line_that_says_nothing_is_named_by_its_number_and_not_quoted(line: str) -> None:
    found = dotenv.parse(f"B=1\n{line}\nC=2\n")

    assert found.values == {"B": "1", "C": "2"}
    assert found.faults == [".env, line 2: is not KEY=VALUE."]


def test_windows_files_are_read(tmp_path: Path) -> None:
    (tmp_path / ".env").write_bytes(b"\xef\xbb\xbfA=1\r\nB=2\r\n")

    assert dotenv.read(tmp_path / ".env").values == {"A": "1", "B": "2"}


def test_no_file_is_an_empty_one_and_an_unreadable_one_is_a_fault(tmp_path: Path) -> None:
    (tmp_path / "latin").write_bytes(b"A=\xe9")

    (tmp_path / "folder").mkdir()

    assert dotenv.read(tmp_path / "none") == dotenv.DotEnv()
    assert dotenv.read(tmp_path / "latin").faults == ["latin is not UTF-8 text."]
    assert dotenv.read(tmp_path / "folder").faults == ["folder cannot be read (Is a directory)."]
