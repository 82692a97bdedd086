"""The commands beside the servers, as the launcher calls them."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from tests.harness.servers import query

if TYPE_CHECKING:
    from pathlib import Path

    from tests.harness.stack import Stack

PREPARE = ("flask", "--app", "wsgi", "prepare")
INGEST = ("flask", "--app", "wsgi", "ingest")


def test_prepare_makes_the_demo_once(stack: Stack) -> None:
    stack.environ |= {"DEMO": "yes", "ENVIRONMENT": "development", "FLOWER_BASIC_AUTH": "ops:a-password-of-flower"}
    stack.run(*PREPARE)
    file = stack.settings.data_dir / "demo-accounts.json"
    accounts = json.loads(file.read_text("utf-8"))
    assert file.stat().st_mode & 0o777 == 0o600
    assert set(accounts) == {"client", "staff", "admin", "flower"}
    assert accounts["flower"] == {"user": "ops", "password": "a-password-of-flower"}
    url = stack.environ["DATABASE_URL"]
    query(url, "UPDATE document SET state = 'deleted' WHERE filename = 'retours.md'")
    before = query(url, "SELECT count(*) FROM document")
    stack.run(*PREPARE)
    assert json.loads(file.read_text("utf-8")) == accounts
    assert query(url, "SELECT count(*) FROM document") == before


def test_the_first_admin_comes_from_the_environment(stack: Stack) -> None:
    given = {"ADMIN_EMAIL": "Chef@Exemple.example", "ADMIN_PASSWORD": "un long mot de passe", "ADMIN_NAME": "Chef"}
    stack.environ |= given
    stack.run(*PREPARE)
    stack.run(*PREPARE)
    stack.start(dispatcher=0, workers={})
    signed_in = stack.anonymous().login("chef@exemple.example", "un long mot de passe")
    assert signed_in["role"] == "admin"


def test_ingest_gives_a_verdict_a_file_and_the_rest_goes_in(stack: Stack, tmp_path: Path) -> None:
    folder = tmp_path / "documents"
    folder.mkdir()
    (folder / "tarifs.md").write_text("# Tarifs\n\nLe déplacement coûte 95 euros.\n", "utf-8")
    (folder / "vide.txt").write_text("\n", "utf-8")
    (folder / "abime.pdf").write_bytes(b"%PDF-1.7 nothing more")
    (folder / "photo.bmp").write_bytes(b"BM")
    stack.start(web=False, workers={"documents": 1})
    verdicts = dict(
        line.removeprefix(f"{folder}/").split(": ", 1)
        for line in stack.run(*INGEST, str(folder), status=1).splitlines()
        if line.startswith(str(folder))
    )
    assert set(verdicts) == {"tarifs.md", "vide.txt", "abime.pdf", "photo.bmp"}
    assert "Tarifs" in verdicts["tarifs.md"]
    assert len(set(verdicts.values())) == 4
    for alone in ("abime.pdf", "photo.bmp"):  # refused by the worker, and by the command
        stack.run(*INGEST, str(folder / alone), status=1)
    again = stack.run(*INGEST, str(folder / "tarifs.md"))
    assert "Tarifs" in again
    kept = query(stack.environ["DATABASE_URL"], "SELECT count(*) FROM document WHERE filename = 'tarifs.md'")
    assert kept[0][0] == 1


def test_flower_without_a_password_does_not_start(stack: Stack) -> None:
    for given in ("", "ops", "ops:", ":password"):
        stack.environ["FLOWER_BASIC_AUTH"] = given
        said = stack.run("python", "-m", "tasks.flower", f"--port={stack.environ['FLOWER_PORT']}", status=1)
        assert "FLOWER_BASIC_AUTH must be user:password" in said
    stack.environ |= {"FLOWER_BASIC_AUTH": "ops:guessed", "ENVIRONMENT": "production"}
    said = stack.run("python", "-m", "tasks.flower", f"--port={stack.environ['FLOWER_PORT']}", status=1)
    assert "FLOWER_BASIC_AUTH needs a password" in said
    assert "guessed" not in said
