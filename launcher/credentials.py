"""Secrets nobody has to invent in development: made once per data folder, never for production."""

from __future__ import annotations

import json
import secrets
from contextlib import suppress
from typing import TYPE_CHECKING

from launcher.embedded.server import write_private

if TYPE_CHECKING:
    from launcher.configuration import Configuration

FLOWER_USER = "flower"


def secrets_for(configuration: Configuration) -> dict[str, str]:
    """SECRET_KEY and FLOWER_BASIC_AUTH for the children, where they are not given; nothing in production."""
    if configuration.production:
        return {}
    path = configuration.data_dir / "secrets.json"
    kept: dict[str, str] = {}
    with suppress(OSError, ValueError):
        kept = json.loads(path.read_text())
    made = {
        "SECRET_KEY": kept.get("SECRET_KEY") or secrets.token_urlsafe(48),
        "FLOWER_BASIC_AUTH": kept.get("FLOWER_BASIC_AUTH") or f"{FLOWER_USER}:{secrets.token_urlsafe(18)}",
    }
    if made != kept:
        write_private(path, json.dumps(made, indent=2))
    return {name: value for name, value in made.items() if not configuration.values.get(name)}
