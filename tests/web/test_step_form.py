"""A step that is taken from a page: it is kept whole, or not at all and the page says why."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from flask import Flask
from sqlalchemy import select
from sqlmodel import col

from civflow.models import Person
from civflow.web.shared.asks import read_each, refuse
from civflow.web.shared.current import session as request_session
from civflow.web.shared.money import parse_pounds
from civflow.web.shared.step_form import Attempt, attempt
from civflow.workflows.engine import Conflicted, Forbidden, NotFound, Refused
from tests.web.visitor import an_app

A_REASON = Refused("Give a reason.", fields={"reason": "Give a reason."})


@pytest.fixture
def app(settings, engine, now) -> Flask:
    return an_app(settings, engine, lambda: now)


@pytest.fixture
def try_it(app, session, now) -> Iterator[Callable[..., Attempt]]:
    """Write a name in an attempt, then raise what is given; how it went."""

    def run(*also: type, raises: Exception | None = None, **options: bool) -> Attempt:
        session.commit()
        with attempt(*also, **options) as tried:
            request_session().add(Person(email="ada@example.org", name="Ada", created_at=now))
            request_session().flush()
            if raises:
                raise raises
        return tried

    with app.test_request_context("/", method="POST"):
        yield run


def names(session) -> list[str]:
    return list(session.scalars(select(col(Person.name))))


def test_what_is_done_is_kept_at_the_end(try_it, session):
    tried = try_it()
    assert (tried.refusal, tried.status, tried.lines(), tried.fields()) == (None, 200, [], {})
    assert names(session) == ["Ada"]


def test_of_what_is_refused_nothing_is_kept(try_it, session):
    tried = try_it(raises=A_REASON)
    assert (tried.refusal, tried.is_late, tried.status) == (A_REASON, False, 422)
    assert names(session) == []


def test_whoever_comes_second_reads_who_was_first_and_when(try_it, session, now):
    tried = try_it(raises=Conflicted("Bo was first.", who="Bo", when=now))
    assert (tried.is_late, tried.status) == (True, 409)
    assert tried.lines() == [("", "Bo was first."), ("", "That was Monday 5 January 2026, 12 noon (UK time).")]
    assert names(session) == []


@pytest.mark.parametrize(("kind", "status"), [(Forbidden, 403), (NotFound, 404)])
def test_a_page_may_answer_other_refusals_too(try_it, session, kind, status):
    assert try_it(kind, raises=kind("No.")).status == status
    assert names(session) == []


@pytest.mark.parametrize("kind", [Forbidden, NotFound, ValueError])
def test_what_the_page_does_not_answer_goes_on(try_it, kind):
    """A refusal to the pages of its own, anything else to the page of failures."""
    with pytest.raises(kind):
        try_it(raises=kind("No."))


def test_a_look_ahead_keeps_nothing(try_it, session):
    assert try_it(keeps=False).refusal is None
    assert names(session) == []


def test_a_failed_rule_never_reads_as_if_it_were_true():
    """Neither among the lines nor at a field; what is wrong with a field is said once, and there."""
    refused = Refused(
        "Give a reason.", "The call is open.", fields={"reason": "Give a reason."}, claims=["The call is open."]
    )
    tried = Attempt(refused)
    assert tried.lines() == [("reason", "Give a reason."), ("", "Needed first: The call is open.")]
    assert tried.fields() == {"reason": "Give a reason."}
    at_its_field = Attempt(Refused("The call is open.", claims=["The call is open."]))
    assert at_its_field.fields({"": "title"}) == {"title": "Needed first: The call is open."}


def test_a_page_may_call_a_field_otherwise_and_say_the_rest_at_one():
    refused = Refused("Choose somebody.", "Too late.", "Too many.", fields={"person_id": "Choose somebody."})
    ids = {"person_id": "person", "": "list"}
    assert Attempt(refused).lines(ids) == [("person", "Choose somebody."), ("list", "Too late."), ("list", "Too many.")]
    assert Attempt(refused).fields(ids) == {"person": "Choose somebody.", "list": "Too late. Too many."}


def test_every_value_that_cannot_be_read_is_told_at_once():
    values, faults = read_each({"a": lambda: parse_pounds("£650,000"), "b": lambda: parse_pounds("much")})
    assert (values, faults) == ({"a": 650_000}, {"b": "Write whole pounds, such as 650,000."})
    refuse({})
    with pytest.raises(Refused) as refused:
        refuse(faults)
    assert (refused.value.sentences, refused.value.fields) == (tuple(faults.values()), faults)
