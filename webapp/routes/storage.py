"""The storage of this web process, opened at the first use and never before a fork."""

from __future__ import annotations

from typing import cast

from flask import current_app

from webapp.routes.sessions import settings
from webapp.storage import Storage, open_storage

DOCUMENTS = "documents"
PHOTOS = "photos"


def storage(folder: str) -> Storage:
    name = f"storage-{folder}"
    if name not in current_app.extensions:
        current_app.extensions[name] = open_storage(settings(), folder)
    return cast("Storage", current_app.extensions[name])
