"""Commands beside the servers. They store files and jobs and follow them; they do not think."""

from __future__ import annotations

import hashlib
import json
import os
import secrets
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import click
from flask import current_app

from webapp.domain import Audience, DocumentState, Language, Role
from webapp.errors import BusinessError, EmailTakenError, WrongTypeError
from webapp.extensions import db
from webapp.models import Document
from webapp.services import accounts, documents, privacy, retention
from webapp.storage import open_storage
from webapp.texts import catalogue, say, say_count

if TYPE_CHECKING:
    from uuid import UUID

    from flask import Flask

    from webapp.settings import Settings

DEMO = Path(__file__).resolve().parent.parent / "demo"
DEMO_ROLES = {"client": Role.CLIENT, "staff": Role.STAFF, "admin": Role.ADMIN}
DEMO_NAMES = {"client": "Camille Martin", "staff": "Sacha Bernard", "admin": "Dominique Petit"}
FOLLOW_EVERY_S = 0.3


def register(app: Flask) -> None:
    app.cli.add_command(prepare)
    app.cli.add_command(ingest)
    app.cli.add_command(erase_again)
    app.cli.add_command(remove_expired)


def _settings() -> Settings:
    settings: Settings = current_app.config["SETTINGS"]
    return settings


@click.command()
def prepare() -> None:
    """Create the admin of ADMIN_*, and in development the demo's accounts and documents."""
    settings = _settings()
    if settings.admin_email and settings.admin_password:
        _ensure_account(settings.admin_email, settings.admin_password, settings.admin_name, Role.ADMIN)
    if settings.demo and not settings.production:
        _write_demo_accounts(settings)
        _ingest_demo(settings)
    db.session.commit()


def _ensure_account(email: str, password: str, name: str, role: Role) -> None:
    """Create an account; one that is there keeps what its owner made of it, but for a demo's password."""
    try:
        accounts.register(db.session(), email, password, name=name, role=role, locale=Language.FR)
    except EmailTakenError:
        current_app.logger.info("an account is there already: nothing changed")


def _write_demo_accounts(settings: Settings) -> None:
    settings.data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
    file = settings.data_dir / "demo-accounts.json"
    written = json.loads(file.read_text("utf-8")) if file.exists() else {}
    for kind, role in DEMO_ROLES.items():
        known = written.get(kind) or {"email": f"{kind}@demo.example", "password": secrets.token_urlsafe(12)}
        written[kind] = known
        _ensure_account(known["email"], known["password"], DEMO_NAMES[kind], role)
        accounts.set_password(db.session(), known["email"], known["password"])
    user, _, password = settings.flower_basic_auth.partition(":")
    written["flower"] = {"user": user, "password": password}
    unfinished = file.with_suffix(".part")
    unfinished.unlink(missing_ok=True)
    descriptor = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as handle:
        json.dump(written, handle, indent=2)
    unfinished.rename(file)


def _ingest_demo(settings: Settings) -> None:
    manifest = json.loads((DEMO / "manifest.json").read_text("utf-8"))
    for entry in manifest["documents"]:
        path = DEMO / entry["file"]
        digest = hashlib.sha256(path.read_bytes()).hexdigest()
        if not documents.was_ever_added(db.session(), digest):  # what an admin took out stays out
            _store(settings, path, Audience(entry["audience"]))


def _store(settings: Settings, path: Path, audience: Audience) -> UUID:
    files = open_storage(settings, "documents")
    with path.open("rb") as stream:
        document, _ = documents.store(db.session(), files, stream, filename=path.name, audience=audience, author=None)
    db.session.commit()
    return document.id


@click.command("retention")
@click.option("--dry-run", is_flag=True, help="Say what would go, and remove nothing.")
def remove_expired(*, dry_run: bool) -> None:
    """Remove the conversations and files whose time is over, as the dispatcher does every hour."""
    session = db.session()
    if dry_run:
        counts = {"conversations": retention.expired(session), "files": retention.expired_files(session)}
    else:
        counts = {"conversations": 0, "files": 0}
        while removed := retention.remove_expired(session):
            counts["conversations"] += removed
            session.commit()
        while removed := retention.remove_expired_files(session):
            counts["files"] += removed
            session.commit()
    click.echo(say("command.would_go" if dry_run else "command.went", _language(), **counts))


@click.command()
def erase_again() -> None:
    """Erase whom a restored backup brought back, by the digests of what was erased since."""
    count = privacy.erase_again(db.session())
    db.session.commit()
    click.echo(say_count("command.erased_again", _language(), count))


@click.command()
@click.argument("paths", nargs=-1, required=True, type=click.Path(exists=True, path_type=Path))
@click.option("--audience", type=click.Choice(list(Audience)), default=Audience.PUBLIC)
def ingest(paths: tuple[Path, ...], audience: Audience) -> None:
    """Bring files or folders into the knowledge of the running application: a verdict per file.

    Ends with 1 if any was refused, here or by the worker; the others are in.
    """
    waiting: dict[UUID, Path] = {}
    refused = 0
    for path in _files(paths):
        try:
            waiting[_store(_settings(), path, Audience(audience))] = path
        except (BusinessError, OSError) as error:
            click.echo(f"{path}: {_refusal(error)}")
            refused += 1
    refused += _follow(waiting)
    sys.exit(1 if refused else 0)


def _files(paths: tuple[Path, ...]) -> list[Path]:
    found: list[Path] = []
    for path in paths:
        inside = sorted(path.rglob("*")) if path.is_dir() else [path]
        found += [file for file in inside if file.is_file() and not file.name.startswith(".")]
    return found


def _follow(waiting: dict[UUID, Path]) -> int:
    """Print each verdict as it comes; return how many files were refused."""
    refused = 0
    open_ids = set(waiting)
    while open_ids:
        for document in db.session.query(Document).where(Document.id.in_(open_ids)).populate_existing():
            if document.state is DocumentState.PENDING:
                continue
            open_ids.discard(document.id)
            refused += document.state is DocumentState.FAILED
            click.echo(f"{waiting[document.id]}: {_verdict(document)}")
        db.session.rollback()
        time.sleep(FOLLOW_EVERY_S)
    return refused


def _verdict(document: Document) -> str:
    if document.error_code:
        return _reason(document.error_code)
    count = documents.count_passages(db.session(), [document.id]).get(document.id, 0)
    return say("command.ingested", _language(), title=document.title, count=count)


def _refusal(error: BusinessError | OSError) -> str:
    if isinstance(error, OSError):
        return str(error.strerror)
    return _reason("unsupported" if isinstance(error, WrongTypeError) else error.code)


def _reason(code: str) -> str:
    key = f"errors.documents.{code}"
    return say(key if key in catalogue(_language()) else "errors.documents.failed", _language())


def _language() -> Language:
    return Language.FR if os.environ.get("LANG", "fr").startswith("fr") else Language.EN
