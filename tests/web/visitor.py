"""Somebody with a browser: opens pages, fills in forms, signs in; and what the database is asked meanwhile."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from copy import copy
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

from bs4 import BeautifulSoup
from flask import Config, Flask, g
from sqlalchemy import Connection, Engine, event
from sqlmodel import Session
from werkzeug.test import TestResponse

from civflow import create_app
from civflow.db import make_engine
from civflow.models import Person
from civflow.services import people
from civflow.services.engine.sql import Prepared
from civflow.settings import Settings
from civflow.web.shared.current import COOKIE
from civflow.web.shared.limits import limiter

HTMX = {"HX-Request": "true"}


def an_app(settings: Settings, engine: Engine | None, clock: Callable[[], datetime] | None = None) -> Flask:
    """The app on the test's database, with the test's time or the clock's.

    It is wired once in a process for settings that only name other places: routes take a tenth of a second. Each test gets
    a copy with a configuration of its own. A test that changes more of its app than that makes one with `create_app`.
    """
    alike = replace(settings, database_url="", files=Path())
    wired = WIRED.get(alike)
    if wired is None:
        wired = WIRED[alike] = create_app(settings, engine=engine)
        wired.jinja_env.auto_reload = False
    limiter.reset()
    app = copy(wired)
    app.config = Config(
        wired.root_path, {**wired.config, "SETTINGS": settings, "ENGINE": engine or make_engine(settings)}
    )
    if clock:
        first = [lambda: setattr(g, "now", clock())]
        app.before_request_funcs = wired.before_request_funcs | {None: first + wired.before_request_funcs[None]}
    return app


WIRED: dict[Settings, Flask] = {}


class Visitor:
    """One browser. `get` and `post` answer the response; a post takes its token from the page `on`."""

    def __init__(self, app: Flask) -> None:
        self.app, self.client = app, app.test_client()

    def get(self, path: str, **options: Any) -> TestResponse:
        return self.client.get(path, **options)

    def page(self, path: str, **options: Any) -> BeautifulSoup:
        """The page at a path, which must be there."""
        answer = self.get(path, **options)
        assert answer.status_code == 200, (path, answer.status_code, text_of(answer))
        return BeautifulSoup(answer.data, "html.parser")

    def post(self, path: str, data: dict[str, Any], *, on: str, **options: Any) -> TestResponse:
        token = re.search(r'name="csrf_token" value="([^"]+)"', self.get(on).text)
        assert token, f"{on} has no form"
        return self.client.post(path, data={"csrf_token": token[1], **data}, **options)

    def sign_in(self, session: Session, person: Person, *, now: datetime) -> Visitor:
        """Sign in as a person; commits the session, so that the app finds what the test has made."""
        token, _ = people.sign_in(session, person, now=now, hours=12)
        session.commit()
        self.client.set_cookie(COOKIE, token)
        return self


def text_of(answer: TestResponse) -> str:
    """The words of a page, without its tags and with single spaces."""
    soup = BeautifulSoup(answer.data, "html.parser")
    words = " ".join((soup.main or soup).get_text(" ").split())
    return re.sub(r" ([.,:;)])", r"\1", words)


def errors_of(answer: TestResponse) -> list[str]:
    """The sentences of the error summary, as people read them at the top of the page."""
    summary = BeautifulSoup(answer.data, "html.parser").select_one(".govuk-error-summary__list")
    return [" ".join(item.get_text(" ").split()) for item in summary.select("li")] if summary else []


@contextmanager
def statements(engine: Engine) -> Iterator[list[str]]:
    """The statements that the database is asked inside the block, without the beginnings of transactions.

    Those that the gate sends to the driver itself are among them: SQLAlchemy's events do not see these.
    """
    asked: list[str] = []
    send = Prepared._execute

    def note_and_send(prepared: Prepared, connection: Connection, arguments: Sequence[Any]) -> Any:
        if connection.engine is engine:
            asked.append(prepared.sql)
        return send(prepared, connection, arguments)

    def note(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        if not statement.startswith("BEGIN"):
            asked.append(statement)

    event.listen(engine, "before_cursor_execute", note)
    Prepared._execute = note_and_send  # type: ignore[method-assign]
    try:
        yield asked
    finally:
        Prepared._execute = send  # type: ignore[method-assign]
        event.remove(engine, "before_cursor_execute", note)
