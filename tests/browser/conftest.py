"""A real browser on a real stack. Without Chromium these tests are skipped, and say so."""

from __future__ import annotations

import os
import secrets
import shutil
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright

from launcher.embedded import ValkeyServer
from tests.fakes.model_server import ModelServer
from tests.harness.stack import Stack
from tests.harness.waiting import PATIENCE
from webapp.domain import Queue, Role

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tests.harness.api import ApiClient
    from tests.harness.servers import Servers

TERMS = """# Retours

Vous disposez de quatorze jours pour renvoyer un article. Le retour d'un article défectueux est gratuit.

# Garantie

La garantie des portes coulissantes dure cinq ans à compter de la livraison.
"""
CHROMIUM = os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("chromium-browser")
ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
PATIENCE_MS = int(PATIENCE * 1000)
PHONE = {"width": 390, "height": 844}

expect.set_options(timeout=PATIENCE_MS)


@dataclass
class Site:
    """The application in service, with the fake model behind it."""

    stack: Stack
    model: ModelServer
    document: str = ""  # title of the document the assistant may quote

    @property
    def url(self) -> str:
        return self.stack.url

    def customer(self) -> ApiClient:
        """A new customer, signed in over the API; `cookies_of` hands the session to a browser."""
        one = self.stack.anonymous()
        one.register()
        return one

    def staff(self, role: Role = Role.STAFF) -> ApiClient:
        return self.stack.staff(role)


@pytest.fixture(scope="package")
def site(
    servers: Servers, template: str, server_folder: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Site]:
    """One stack for all tests of this folder: each has customers of its own.

    It has a Valkey of its own too: its workers would take the tickets of the stacks of other tests.
    """
    if CHROMIUM is None:
        pytest.skip("no Chromium on this machine: apt install chromium, or set CHROMIUM to one")
    name = f"browser_{secrets.token_hex(4)}"  # a worker may come back to this folder after others
    url = servers.create_database(name, template)
    with ModelServer() as model, ValkeyServer(server_folder / name) as broker:
        values = {"OPENAI_API_KEY": "sk-of-a-test", "OPENAI_BASE_URL": model.base_url, "RATELIMIT_ENABLED": "false"}
        stack = Stack(url, broker.url, tmp_path_factory.mktemp("stack"), **values)
        try:
            running = Site(stack.start(workers=dict.fromkeys(Queue, 1)), model)
            running.document = _publish(running)
            yield running
        finally:
            stack.stop_all()


def _publish(site: Site) -> str:
    admin = site.staff(Role.ADMIN)
    files = {"file": ("conditions.md", TERMS.encode())}
    accepted = admin.request("POST", "/api/knowledge/documents", files=files, data={"audience": "public"}).json()
    job = admin.wait_job(accepted["job"]["id"], 240)
    assert job["status"] == "succeeded", job
    title: str = admin.get(f"/api/knowledge/documents/{accepted['document']['id']}").json()["title"]
    return title


@pytest.fixture(scope="package")
def chromium(site: Site) -> Iterator[Browser]:
    del site  # it skips where there is no browser
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        yield browser
        browser.close()


@pytest.fixture
def new_page(chromium: Browser, site: Site) -> Iterator[Callable[..., Page]]:
    """Makes pages: new_page(client) is signed in as that client; other options are those of a browser context.

    A page that loads anything from elsewhere, opens a dialog or faults in a script fails its test.
    """
    contexts: list[BrowserContext] = []
    faults: list[str] = []

    def make(who: ApiClient | None = None, **options: object) -> Page:
        given = {"locale": "fr-FR", "viewport": PHONE, "base_url": site.url} | options
        context = chromium.new_context(**given)  # type: ignore[arg-type]  # options of a context
        contexts.append(context)
        if who is not None:
            context.add_cookies(cookies_of(who, site.url))
        page = context.new_page()
        page.set_default_timeout(PATIENCE_MS)
        page.on("pageerror", lambda error: faults.append(f"script: {error}"))
        page.on("dialog", lambda dialog: (faults.append(f"dialog: {dialog.message}"), dialog.dismiss()))
        page.on("request", lambda request: faults.append(request.url) if _is_elsewhere(request.url, site.url) else None)
        return page

    yield make
    for context in contexts:
        context.close()
    assert not faults


def _is_elsewhere(url: str, home: str) -> bool:
    return not url.startswith((home, "data:", "blob:"))


def cookies_of(who: ApiClient, url: str) -> list[dict[str, str]]:
    return [
        {
            "name": str(cookie.name),
            "value": str(cookie.value),
            "domain": url.split("/")[2].split(":", maxsplit=1)[0],
            "path": cookie.path,
        }
        for cookie in who.http.cookies.jar
    ]
