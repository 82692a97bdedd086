"""Files sent with a message over the API, and what is kept of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.routes.api.counted import rows

if TYPE_CHECKING:
    from pathlib import Path

    import httpx

    from tests.harness.api import ApiClient
    from webapp.settings import Settings

PDF = b"%PDF-1.4\n"
LARGE = b"\xff\xd8\xff" + bytes(10 << 20)


def send(client: ApiClient, *files: tuple[str, bytes], key: str = "mint", **form: str) -> httpx.Response:
    images = [("images", (name, content, "image/png")) for name, content in files]
    return client.request("POST", "/api/upload_images", key=key, files=images, data=form)


def kept(settings: Settings) -> list[Path]:
    """Everything in storage, and what is left of what was on its way there."""
    return [path for path in (settings.data_dir / "files").rglob("*") if path.is_file()]


def counted(settings: Settings, client: ApiClient) -> tuple[object, ...]:
    return (*rows(settings.database_url, client), len(kept(settings)))
