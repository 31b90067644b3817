"""Read a demonstration as one of its people: every address that is made or linked to, or those of an earlier reading."""

from __future__ import annotations

import re
from collections import Counter, deque
from collections.abc import Iterable, Iterator
from pathlib import Path
from urllib.parse import quote, unquote

from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from tests.golden.addresses import Kinds, made_addresses
from tests.golden.answers import as_text
from tests.golden.links import HTMX, links_of
from tests.golden.moment import ADDRESS, database_of, settings_of
from tests.golden.normal import SECRET_ADDRESS

ANYBODY = "anybody"  # the role of those who have not signed in
MOST_WITH_QUERY = 200  # lists can be filtered and sorted in more ways than anybody reads
Answer = tuple[str, str]  # an address, and what it answers


def make_app(folder: Path) -> Flask:
    """The site of the code that is imported, on the demonstration in a folder."""
    from civflow import create_app
    from civflow.settings import read_settings

    return create_app(read_settings({}, **settings_of(folder)))


def roles_of(app: Flask) -> list[str]:
    """Everybody whom the page for signing in offers, after those who do not sign in."""
    page = app.test_client().get("/sign-in", base_url=ADDRESS).text
    return [ANYBODY, *(unquote(role) for role in re.findall(r'action="/sign-in/as/([^"]+)"', page))]


def visitor(app: Flask, role: str) -> FlaskClient:
    """A browser in which somebody of this role has signed in, by the button that the demonstration has for it."""
    client = app.test_client()
    if role == ANYBODY:
        return client
    token = re.search(r'name="csrf_token"[^>]* value="([^"]+)"', client.get("/sign-in", base_url=ADDRESS).text)
    answer = client.post(f"/sign-in/as/{quote(role)}", data={"csrf_token": token[1] if token else ""}, base_url=ADDRESS)
    if answer.status_code != 303:
        raise RuntimeError(f"Nobody can sign in as {role}: {answer.status}.")
    return client


def ask(client: FlaskClient, address: str) -> TestResponse:
    """GET an address, as a browser or as htmx does."""
    headers = {"HX-Request": "true"} if address.startswith(HTMX) else {}
    return client.get(address.removeprefix(HTMX), base_url=ADDRESS, headers=headers)


def read_again(folder: Path, role: str, addresses: Iterable[str]) -> Iterator[Answer]:
    """What the addresses of an earlier reading answer now, in their order."""
    client = visitor(make_app(folder), role)
    for address in addresses:
        yield address, as_text(ask(client, address))


def read_all(folder: Path, role: str, each: int | None) -> Iterator[Answer]:
    """What every address answers: from the home page along the links, then each route with records of the database.

    Of each kind of address at most `each` are made, and at most as many more are followed.
    """
    app = make_app(folder)
    client, walk = visitor(app, role), _Walk(Kinds(app), each)
    walk.follow(["/"])
    yield from _walk(client, walk)
    for address in made_addresses(app, database_of(folder), each):
        walk.take(address)
    yield from _walk(client, walk)


class _Walk:
    """What is still to be read, and what has been met already."""

    def __init__(self, kinds: Kinds, each: int | None) -> None:
        self._kinds, self._each = kinds, each
        self._followed: Counter[str] = Counter()
        self._met: set[str] = set()
        self.waiting: deque[str] = deque()

    def take(self, address: str) -> None:
        if address not in self._met:
            self._met.add(address)
            self.waiting.append(address)

    def follow(self, links: Iterable[str]) -> None:
        for link in links:
            if link in self._met or SECRET_ADDRESS.search(link):
                continue
            kind = self._kinds.of(link)
            if self._followed[kind] < self._most(kind):
                self._followed[kind] += 1
                self.take(link)

    def _most(self, kind: str) -> float:
        if self._each is None:
            return MOST_WITH_QUERY if kind.endswith("?") else float("inf")
        return float("inf") if kind.startswith("/static/") else self._each


def _walk(client: FlaskClient, walk: _Walk) -> Iterator[Answer]:
    while walk.waiting:
        address = walk.waiting.popleft()
        response = ask(client, address)
        if response.mimetype in ("text/html", "application/atom+xml", "application/xml", "text/calendar"):
            walk.follow(links_of(response.text, address.removeprefix(HTMX)))
        yield address, as_text(response)
