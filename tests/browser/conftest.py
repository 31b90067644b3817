"""A real browser on the played demonstration, served by the real app; what its console complains of fails the test."""

from __future__ import annotations

import re
import shutil
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from flask import Flask
from playwright.sync_api import Browser, Page, Playwright, expect, sync_playwright
from sqlalchemy import Engine, select
from sqlmodel import Session, col
from werkzeug.serving import make_server

from civflow.db import make_engine, new_session
from civflow.models import Document
from civflow.services.documents.jobs import MakeDocuments
from civflow.services.notifications.jobs import SendMessages
from civflow.settings import Settings
from civflow.worker import Worker
from tests.browser.looking import SETTLED, Looking
from tests.played import NOW, settings_in
from tests.web.visitor import an_app

OFFLINE = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
    "--disable-quic",
]
WIDE, NARROW = {"width": 1280, "height": 800}, {"width": 320, "height": 640}
PATIENCE = 60_000  # milliseconds: a machine that does much else is slow, and not wrong

REFUSED = re.compile(r"status of (409|410|422)")  # a page that says why not: no fault of the page


@dataclass
class Site:
    """The running site: its address, its database, and a clock that moves a little with every request."""

    settings: Settings
    app: Flask
    engine: Engine
    address: str = ""
    now: datetime = field(default_factory=lambda: NOW.astimezone(UTC))

    def clock(self) -> datetime:
        self.now += timedelta(milliseconds=1)
        return self.now

    def session(self) -> Session:
        return new_session(self.engine)

    def work(self) -> None:
        """What the worker does when it is woken: documents are made, but the story's, and mail arrives in the outbox."""
        with self.session() as session:
            asked = session.scalars(select(Document.id).where(col(Document.asked_at) >= NOW)).all()
        worker = Worker(self.settings, self.engine, now=lambda: self.now)
        worker.job(MakeDocuments).run(only=asked)
        worker.job(SendMessages).run()
        worker.close()


@contextmanager
def served(settings: Settings) -> Iterator[Site]:
    """The site with these settings, on a port of its own."""
    engine = make_engine(settings)
    site = Site(settings, Flask(__name__), engine)
    site.app = an_app(settings, engine, clock=lambda: site.clock())  # noqa: PLW0108 - the site comes first
    server = make_server("127.0.0.1", 0, site.app, threaded=True)
    site.address = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield site
    server.shutdown()
    thread.join()
    server.server_close()
    engine.dispose()


@pytest.fixture(scope="module")
def site(own_round: Settings) -> Iterator[Site]:
    """The site that the tests of one module look at together."""
    with served(own_round) as site:
        yield site


@pytest.fixture
def own_site(played: Path, tmp_path: Path) -> Iterator[Site]:
    """A site that one test may change as it likes. The documents of the story stay where they are."""
    shutil.copyfile(played / "demonstration.db", tmp_path / "demonstration.db")
    (tmp_path / "files").mkdir()
    with served(settings_in(tmp_path)) as site:
        yield site


@pytest.fixture(scope="session")
def playwright() -> Iterator[Playwright]:
    with sync_playwright() as playwright:
        expect.set_options(timeout=PATIENCE)
        yield playwright


@pytest.fixture(scope="session")
def browser(playwright: Playwright) -> Iterator[Browser]:
    path = shutil.which("chromium")
    if path is None:
        pytest.fail("The browser tests need Debian's chromium: apt-get install chromium", pytrace=False)
    browser = playwright.chromium.launch(executable_path=path, args=OFFLINE)
    yield browser
    browser.close()


@pytest.fixture(scope="session")
def looking() -> Looking:
    return Looking()


class Visitor:
    """Somebody at a browser, with the words of the page and what the console complained of."""

    def __init__(self, page: Page, site: Site, *, javascript: bool = True) -> None:
        self.page, self.site, self.javascript = page, site, javascript
        self.complaints: list[str] = []
        page.on("console", lambda m: self.hear(m.text) if m.type == "error" else None)
        page.on("pageerror", lambda error: self.complaints.append(str(error)))

    def hear(self, complaint: str) -> None:
        if not REFUSED.search(complaint):
            self.complaints.append(complaint)

    def open(self, path: str) -> None:
        answer = self.page.goto(self.site.address + path)
        assert answer is not None
        assert (path, answer.status) == (path, 200)

    def be(self, role: str) -> Visitor:
        """Sign in as one of the demonstration's people."""
        self.open("/sign-in")
        self.page.get_by_role("button", name=f"{role}:").click()
        expect(self.page.get_by_role("button", name="Sign out")).to_be_visible()
        return self

    def press(self, name: str) -> None:
        self.page.get_by_role("button", name=name, exact=True).first.click()

    def take(self, step: str) -> None:
        """Press a step's button, and again on the page that says what the step does: both are called like the step."""
        self.press(step)
        self.sees_page(step)
        self.press(step)

    def sees_page(self, heading: str) -> None:
        """This page has come, and not only been asked for: what a test counts or presses next is on it."""
        expect(self.page.get_by_role("heading", name=heading, level=1)).to_be_visible()

    def follow(self, name: str) -> None:
        self.page.get_by_role("link", name=name, exact=True).first.click()

    def fill(self, label: str, words: str) -> None:
        self.page.get_by_label(label).fill(words)

    def reads(self, *sentences: str) -> None:
        """The page says each of these, now or in a moment."""
        for sentence in sentences:
            expect(self.page.locator("main")).to_contain_text(sentence)


@contextmanager
def at_a_browser(browser: Browser, site: Site, *, javascript: bool = True) -> Iterator[Visitor]:
    context = browser.new_context(viewport=WIDE, java_script_enabled=javascript, locale="en-GB")
    context.set_default_timeout(PATIENCE)
    visitor = Visitor(context.new_page(), site, javascript=javascript)
    yield visitor
    context.close()
    assert visitor.complaints == []


@pytest.fixture
def come(browser, own_site):
    """A function that brings somebody to the site, signed in as one of the demonstration's people if a role is named."""
    with ExitStack() as doors:

        def come(role: str | None = None, *, javascript: bool = True):
            visitor = doors.enter_context(at_a_browser(browser, own_site, javascript=javascript))
            return visitor.be(role) if role else visitor

        yield come


@pytest.fixture
def whole(looking):
    """A function that looks at a page on the way, wide and narrow. Axe needs scripts: without them test_every_page looks."""

    def whole(visitor) -> None:
        if not visitor.javascript:
            return
        visitor.page.wait_for_function(SETTLED)
        for size in (NARROW, WIDE):
            visitor.page.set_viewport_size(size)
            assert looking.faults(visitor.page) == []

    return whole
