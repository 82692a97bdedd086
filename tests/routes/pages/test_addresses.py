from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.routes.pages.forms import fields, soup, submit
from webapp.routes.pages.addresses import local_path

if TYPE_CHECKING:
    from tests.harness.api import ApiClient

FOREIGN = [
    "//evil.example",
    "///evil.example",
    "/\\evil.example",
    "\\\\evil.example",
    "https://evil.example",
    "https:evil.example",
    "/\t/evil.example",
    "/\n/evil.example",
    " //evil.example",
    "javascript:alert(1)",
    "evil.example",
    "/chat\\..\\..\\evil",
    "",
]


@pytest.mark.parametrize("given", FOREIGN)
def test_no_address_leads_out(given: str) -> None:
    assert local_path(given) == ""


@pytest.mark.parametrize("given", ["/chat", "/conversations?status=closed", "/documents/a?page=2&back=/chat/b#passage"])
def test_an_address_of_ours_is_kept(given: str) -> None:
    assert local_path(given) == given


@pytest.mark.parametrize("given", FOREIGN)
def test_signing_in_never_leads_out(client: ApiClient, anonymous: ApiClient, given: str) -> None:
    page = anonymous.get("/login", params={"next": given})
    assert fields(page, "/login")["next"] == ""
    signed_in = submit(anonymous, page, "/login", email=client.email, password=client.password, next=given)
    assert (signed_in.status_code, signed_in.headers["Location"]) == (303, "/chat")
    assert client.get("/login", params={"next": given}).headers["Location"] == "/chat"


@pytest.mark.parametrize("given", FOREIGN)
def test_the_language_switch_never_leads_out(anonymous: ApiClient, given: str) -> None:
    assert anonymous.get("/language/en", params={"next": given}).headers["Location"] == "/"


def test_the_language_switch_keeps_the_page(anonymous: ApiClient) -> None:
    answer = anonymous.get("/language/en", params={"next": "/privacy"})
    assert answer.headers["Location"] == "/privacy"
    page = soup(anonymous.get("/privacy")).html
    assert page is not None
    assert page["lang"] == "en"
    assert anonymous.get("/language/de").status_code == 404


def test_a_page_of_somebody_leads_to_sign_in_and_back(client: ApiClient, anonymous: ApiClient) -> None:
    away = anonymous.get("/conversations?status=closed")
    assert away.status_code == 303
    page = anonymous.get(away.headers["Location"])
    back = submit(anonymous, page, "/login", email=client.email, password=client.password)
    assert back.headers["Location"] == "/conversations?status=closed"
