from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.routes.pages.forms import soup, text_of
from tests.routes.pages.outage import away

if TYPE_CHECKING:
    from tests.harness.api import ApiClient
    from tests.harness.servers import Servers


@pytest.mark.parametrize("path", ["/privacy", "/legal", "/accessibility", "/login", "/register", "/nothing-here"])
def test_every_page_has_its_frame_in_both_languages(anonymous: ApiClient, path: str) -> None:
    for language in ("fr", "en"):
        page = soup(anonymous.get(path, headers={"Accept-Language": language}))
        assert page.html
        assert page.html["lang"] == language
        assert len(page.select("h1")) == 1
        assert page.title
        assert page.title.get_text().endswith("· Chatbot SAV")
        links = [str(link["href"]) for link in page.select("footer a")]
        assert links[1:] == ["/privacy", "/legal", "/accessibility"]


def test_the_licence_is_named(anonymous: ApiClient) -> None:
    assert "AGPL-3.0-or-later" in anonymous.get("/legal").text


def test_a_problem_page_is_calm_and_leads_home(anonymous: ApiClient) -> None:
    page = anonymous.get("/nothing-here")
    assert page.status_code == 404
    assert text_of(page, "h1") == "Introuvable"
    assert soup(page).select_one("main a[href='/']")


def test_a_problem_page_has_the_head_of_its_reader(anonymous: ApiClient, client: ApiClient, staff: ApiClient) -> None:
    for reader, path, status in ((client, "/nothing-here", 404), (client, "/dashboard", 403), (staff, "/people", 403)):
        page = reader.get(path)
        assert page.status_code == status
        assert soup(page).select_one(".site-header nav a[href='/conversations']")
        assert soup(page).find("form", action="/logout")
    assert not soup(anonymous.get("/nothing-here")).select(".site-header nav")


def test_a_problem_page_needs_no_database(client: ApiClient, servers: Servers, database_url: str) -> None:
    with away(servers, database_url):
        page = client.get("/conversations")
    assert page.status_code == 503
    assert page.headers["Retry-After"]
    assert text_of(page, "h1") == "Momentanément indisponible"
