"""What tests of pages may ask for: the app on the test's database at the time of its call, and people at browsers."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from flask import Flask
from sqlalchemy import Engine
from sqlmodel import Session

from civflow.models import Person
from civflow.settings import Settings
from tests.scenes.open_call import Call
from tests.web.visitor import Visitor, an_app


@pytest.fixture
def app(settings: Settings, engine: Engine, call: Call) -> Flask:
    """The app, whose clock is the call's."""
    return an_app(settings, engine, lambda: call.now)


@pytest.fixture
def visitor(app: Flask) -> Visitor:
    """Somebody without an account."""
    return Visitor(app)


@pytest.fixture
def come(app: Flask, session: Session, call: Call) -> Callable[..., Visitor]:
    """A function that brings a person to the site, or a passer-by."""
    return lambda person=None: Visitor(app).sign_in(session, person, now=call.now) if person else Visitor(app)


@pytest.fixture
def owner(come: Callable[[Person], Visitor], call: Call) -> Visitor:
    return come(call.owner)


@pytest.fixture
def manager(come: Callable[[Person], Visitor], call: Call) -> Visitor:
    return come(call.manager)


@pytest.fixture
def innovator(come: Callable[[Person], Visitor], call: Call) -> Visitor:
    """Somebody with an account, who has not applied."""
    return come(call.person("Priya Raeburn"))
