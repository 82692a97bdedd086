"""Filling in a page's forms as a browser without scripts does."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bs4 import BeautifulSoup, Tag

if TYPE_CHECKING:
    import httpx

    from tests.harness.api import ApiClient


def soup(page: httpx.Response) -> BeautifulSoup:
    return BeautifulSoup(page.text, "lxml")


def fields(page: httpx.Response, action: str) -> dict[str, str]:
    """The fields of the page's form to `action`, with the values they have."""
    form = soup(page).find("form", action=action)
    assert isinstance(form, Tag), f"no form to {action}"
    values = {}
    for field in form.find_all(["input", "textarea"]):
        unchecked = field.get("type") == "checkbox" and not field.has_attr("checked")
        if field.get("name") and field.get("type") not in ("radio", "file") and not unchecked:
            # An HTML parser drops the first newline of a textarea; lxml keeps it.
            text = field.get_text().removeprefix("\n") if field.name == "textarea" else field.get("value", "")
            values[str(field["name"])] = str(text)
    return values


def submit(browser: ApiClient, page: httpx.Response, action: str, **values: str) -> httpx.Response:
    """Fill in and send; redirects are left to the caller."""
    return browser.http.post(action, data=fields(page, action) | values)


def text_of(page: httpx.Response, selector: str) -> str:
    found = soup(page).select_one(selector)
    assert found is not None, f"nothing is {selector}"
    return found.get_text(" ", strip=True)
