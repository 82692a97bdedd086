"""The source of the version that runs, as its licence wants it offered: whoever changes it offers the change."""

from __future__ import annotations

import io
import tarfile
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from flask import Response, request

from webapp.routes import access
from webapp.routes.pages.blueprint import pages

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).resolve().parents[3]
# What the project is made of, by name: data, secrets and environments lie beside it and are none of it.
FOLDERS = (
    ".ci", "benchmarks", "demo", "docs", "launcher", "migrations", "monitoring", "tasks", "templates", "tests",
    "webapp",
)  # fmt: skip
FILES = (
    ".dockerignore", ".env.example", ".gitignore", "Dockerfile", "LICENSE", "Makefile", "Procfile", "README.md",
    "celeryconfig.py", "compose.env.example", "docker-compose.yml", "gunicorn.conf.py", "pyproject.toml",
    "requirements-dev.lock", "requirements.lock", "wsgi.py",
)  # fmt: skip
LEFT_OUT = ("__pycache__", ".pytest_cache")
SECRETS = (".env", ".key", ".pem")  # how the names of files end that somebody may have laid among them


@pages.get("/source")
@access.anyone
def source() -> Response:
    response = Response(_archive(), mimetype="application/gzip")
    response.headers["Content-Disposition"] = 'attachment; filename="chatbot-sav.tar.gz"'
    response.headers["Cache-Control"] = "public, max-age=3600"
    response.add_etag()
    return response.make_conditional(request)  # type: ignore[return-value]  # the same response


@cache
def _archive() -> bytes:
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz") as archive:
        for path in paths(ROOT):
            archive.add(path, f"chatbot-sav/{path.relative_to(ROOT)}", recursive=False)
    return packed.getvalue()


def paths(root: Path) -> Iterator[Path]:
    """Return the files below the folder of the project that are its source."""
    for name in FILES:
        if (root / name).is_file():
            yield root / name
    for folder in FOLDERS:
        for path in sorted((root / folder).rglob("*")):
            if path.is_file() and not path.is_symlink() and not _is_left_out(path):
                yield path


def _is_left_out(path: Path) -> bool:
    return path.name.endswith(SECRETS) or any(part in LEFT_OUT for part in path.parts)
