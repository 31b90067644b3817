"""Somebody with a browser: opens pages, fills in forms, signs in; and what the database is asked meanwhile."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import Any

from bs4 import BeautifulSoup
from flask import Flask
from jinja2.bccache import Bucket, BytecodeCache
from sqlalchemy import Connection, Engine, event
from sqlmodel import Session
from werkzeug.test import TestResponse

from civflow import create_app
from civflow.models import Person
from civflow.services import people
from civflow.services.statements import Prepared
from civflow.settings import Settings
from civflow.web.current import COOKIE

HTMX = {"HX-Request": "true"}


def an_app(settings: Settings, engine: Engine, clock: Callable[[], datetime] | None = None) -> Flask:
    """The app on the test's database, with the test's time or the clock's."""
    app = create_app(settings, engine=engine, clock=clock)
    app.jinja_env.bytecode_cache = COMPILED
    return app


class Compiled(BytecodeCache):
    """Templates that an app of this process has compiled, for the apps of later tests."""

    def __init__(self) -> None:
        self._known: dict[str, bytes] = {}

    def load_bytecode(self, bucket: Bucket) -> None:
        if bucket.key in self._known:
            bucket.bytecode_from_string(self._known[bucket.key])

    def dump_bytecode(self, bucket: Bucket) -> None:
        self._known[bucket.key] = bucket.bytecode_to_string()


COMPILED = Compiled()


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
