"""A real browser on the demonstration, served by the real app; console errors fail the test."""

from __future__ import annotations

import shutil
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, sync_playwright
from werkzeug.serving import make_server

from civflow import create_app
from tests.played import NOW

TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]
OFFLINE = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update",
           "--disable-sync", "--no-first-run", "--disable-quic"]  # fmt: skip
WIDE, NARROW = {"width": 1280, "height": 800}, {"width": 320, "height": 640}


@dataclass
class Site:
    """The running site: its address, and a clock that moves a little with every request."""

    address: str
    now: datetime

    def clock(self) -> datetime:
        self.now += timedelta(milliseconds=1)
        return self.now


@pytest.fixture(scope="module")
def site(own_round) -> Iterator[Site]:
    site = Site("", NOW.astimezone(UTC))
    app = create_app(own_round, clock=site.clock)
    server = make_server("127.0.0.1", 0, app, threaded=True)
    site.address = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield site
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    path = shutil.which("chromium")
    if path is None:
        pytest.fail("The browser tests need Debian's chromium: apt-get install chromium", pytrace=False)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=OFFLINE)
        yield browser
        browser.close()


class Visitor:
    """Somebody at a browser; `check` asks axe, the console and the width about the page that is open."""

    def __init__(self, page: Page, site: Site) -> None:
        self.page, self.site = page, site
        self.complaints: list[str] = []
        page.on("console", lambda m: self.complaints.append(m.text) if m.type == "error" else None)
        page.on("pageerror", lambda error: self.complaints.append(str(error)))

    def open(self, path: str) -> None:
        answer = self.page.goto(self.site.address + path)
        assert answer is not None
        assert answer.status == 200, f"{path} answers {answer.status}"

    def be(self, role: str) -> Visitor:
        """Sign in as one of the demonstration's people."""
        self.open("/sign-in")
        self.page.get_by_role("button", name=f"{role}:").click()
        return self

    def press(self, name: str) -> None:
        self.page.get_by_role("button", name=name, exact=True).first.click()

    def follow(self, name: str) -> None:
        self.page.get_by_role("link", name=name, exact=True).first.click()

    def reads(self, text: str) -> bool:
        return text in self.page.inner_text("main")

    def check(self) -> None:
        """At both widths: nothing for axe to find, nothing in the console, nothing wider than the window."""
        for size in (NARROW, WIDE):
            self.page.set_viewport_size(size)
            where = (self.page.url.removeprefix(self.site.address), size["width"])
            found = Axe().run(
                self.page, options={"runOnly": {"type": "tag", "values": TAGS}, "resultTypes": ["violations"]}
            )
            faults = [(v["id"], v["nodes"][0]["html"][:200]) for v in found.response["violations"]]
            wide = self.page.evaluate("document.documentElement.scrollWidth > document.documentElement.clientWidth")
            assert (where, faults, self.complaints, wide) == (where, [], [], False)


@pytest.fixture(params=[True], ids=["with-javascript"])
def visitor(request, browser, site) -> Iterator[Visitor]:
    """A visitor with JavaScript."""
    context = browser.new_context(viewport=WIDE, java_script_enabled=request.param)
    yield Visitor(context.new_page(), site)
    context.close()


@pytest.fixture
def people(browser, site):
    """A function that gives a new visitor, signed in as a role."""
    contexts = []

    def come(role: str, *, javascript: bool = True) -> Visitor:
        context = browser.new_context(viewport=WIDE, java_script_enabled=javascript)
        contexts.append(context)
        return Visitor(context.new_page(), site).be(role)

    yield come
    for context in contexts:
        context.close()
