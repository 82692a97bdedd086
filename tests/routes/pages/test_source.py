from __future__ import annotations

import io
import subprocess
import tarfile
from typing import TYPE_CHECKING

import pytest

from tests.harness import commands
from webapp.routes.pages import source

if TYPE_CHECKING:
    from pathlib import Path

    from tests.harness.api import ApiClient


@pytest.fixture
def archive(anonymous: ApiClient) -> list[str]:
    packed = anonymous.get("/source").content
    with tarfile.open(fileobj=io.BytesIO(packed)) as opened:
        return opened.getnames()


def test_whoever_uses_it_gets_the_source_that_runs(archive: list[str]) -> None:
    assert {"chatbot-sav/LICENSE", "chatbot-sav/wsgi.py", "chatbot-sav/webapp/routes/pages/source.py"} <= set(archive)


def test_nothing_of_the_project_is_left_out(archive: list[str]) -> None:
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard", "--deduplicate"],  # noqa: S607  as found
        cwd=commands.ROOT,
        capture_output=True,
        text=True,
        check=True,
    ).stdout.split("\0")
    there = {f"chatbot-sav/{name}" for name in listed if (commands.ROOT / name).is_file()}
    assert there == set(archive)


def test_what_is_not_the_project_stays_here(archive: list[str]) -> None:
    beside = ("chatbot-sav/var/", "chatbot-sav/.venv/", "chatbot-sav/.git/", "chatbot-sav/.env")
    assert [name for name in archive if name.startswith(beside) and name != "chatbot-sav/.env.example"] == []
    assert [name for name in archive if "__pycache__" in name] == []


def test_a_secret_that_lies_among_it_stays_here(tmp_path: Path) -> None:
    names = ("webapp/app.py", "webapp/.env", "monitoring/proxy/tls.key", "monitoring/proxy/tls.pem", "monitoring/.env")
    for name in names:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("x")
    assert [str(path.relative_to(tmp_path)) for path in source.paths(tmp_path)] == ["webapp/app.py"]


def test_the_footer_of_every_page_leads_to_it(anonymous: ApiClient) -> None:
    assert 'href="/source"' in anonymous.get("/login").text
