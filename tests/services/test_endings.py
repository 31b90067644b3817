"""What ends along with a record: in the same transaction, by civflow, and nothing else; and it is said before."""

from __future__ import annotations

from sqlalchemy import select
from sqlmodel import col

from civflow.models import Application, Assignment, Challenge
from civflow.services.applications.submission import submit
from civflow.services.engine import history, sql, transition
from civflow.services.engine.advance import advance, advance_by_id, advance_many, workflow_of
from civflow.services.records.preview import also_changes
from civflow.workflows import HANDBOOK
from civflow.workflows.engine import CIVFLOW
from tests.two_at_once import Other


def states(session, model, **of) -> list[str]:
    """Where the records stand, in their order."""
    session.expire_all()
    query = select(model).where(*(col(getattr(model, name)) == value for name, value in of.items()))
    return [record.state for record in session.scalars(query.order_by(col(model.id)))]


def said(call, record, trigger, person) -> str:
    step = workflow_of(call.session, record).steps_from(record.state)[trigger]
    return also_changes(call.session, step, record, actor=call.actor(person), now=call.now)


def test_what_is_not_submitted_ends_with_its_application_and_nothing_else_does(panel):
    call, session, first = panel.call, panel.session, panel.people[0]
    done = panel.assignment(first, panel.otter)
    panel.accept(done, first)
    panel.score(done, first)
    panel.submit(done, first)
    later = call.now
    advance(session, panel.otter, "withdraw", actor=call.actor(panel.leads[0]), now=later, reason="We have closed.")

    assert states(session, Assignment, application_id=panel.otter.id) == ["submitted", "withdrawn", "withdrawn"]
    assert states(session, Assignment, application_id=panel.heron.id) == ["invited"] * 3
    ended = panel.assignment(panel.people[1], panel.otter)
    entry = history.last_entry(session, "assignment", ended.id)
    assert (entry.step, entry.actor_id, entry.actor_name, entry.at) == ("withdraw", None, "civflow", later)
    assert entry.reason == "The application was withdrawn."
    assert history.verify(session).broken is None


def test_many_records_end_together_what_refers_to_any_of_them(panel):
    ids = [panel.otter.id, panel.heron.id]
    bulk = advance_many(panel.session, Application, ids, "leave", actor=CIVFLOW, now=panel.call.now, reason="Gone.")

    assert (len(bulk.moved), bulk.refused) == (2, {})
    assert states(panel.session, Assignment) == ["withdrawn"] * 6


def test_what_ends_is_undone_with_the_step_that_ended_it(panel):
    session = panel.session
    session.commit()
    advance(session, panel.otter, "leave", actor=CIVFLOW, now=panel.call.now, reason="Gone.")
    session.rollback()

    assert states(session, Assignment) == ["invited"] * 6


def test_what_ends_with_something_ends_in_turn_what_refers_to_it(panel):
    """A challenge that is cancelled leaves no application in the selection."""
    call, session = panel.call, panel.session
    advance(session, call.challenge, "cancel", actor=call.actor(call.manager), now=call.now, reason="No money.")

    assert states(session, Application) == ["not_selected", "not_selected"]
    entry = history.last_entry(session, "application", panel.otter.id)
    assert (entry.actor_name, entry.reason) == ("civflow", "The challenge was cancelled.")


# Said before -----------------------------------------------------------------------------------------------------------


def test_what_else_changes_is_said_to_those_who_may_know_it(panel):
    call = panel.call

    assert said(call, panel.otter, "withdraw", call.manager) == "3 assignments become “Withdrawn”."
    assert said(call, panel.otter, "withdraw", panel.people[1]) == "1 assignment becomes “Withdrawn”."
    assert said(call, panel.otter, "withdraw", panel.leads[0]) == ""
    assert said(call, panel.heron, "rule_out", call.manager) == "3 assignments become “Withdrawn”."
    for assignment in call.session.scalars(
        select(Assignment).where(col(Assignment.application_id) == panel.heron.id)
    ).all():
        advance(call.session, assignment, "withdraw", actor=call.actor(call.manager), now=call.now, reason="Enough.")
    assert said(call, panel.heron, "rule_out", call.manager) == ""


def test_sealed_applications_are_counted_by_nobody(call, priya, otter, session):
    application = call.application(otter, complete=True)
    submit(session, application, actor=call.actor(priya), now=call.now)

    assert said(call, call.challenge, "cancel", call.manager) == ""
    call.wait_until(call.closes_at)
    assert said(call, call.challenge, "cancel", call.manager) == "1 application becomes “Not selected”."


# Locks -----------------------------------------------------------------------------------------------------------------


def locked(noun: str, trigger: str) -> list[str]:
    """The nouns whose rows the step locks on PostgreSQL, in the order in which it does."""
    page = HANDBOOK[noun]
    looks = transition.looks_at(page, trigger)
    asked = sql._locking("postgresql", page, looks.locks, True, looks.along)
    parts = " ".join(asked.sql.split()).split("FOR NO KEY UPDATE OF ")
    return [part.split()[0].strip("),") for part in parts[1:]]


def test_what_ends_is_locked_before_the_rules_look_and_in_the_one_order():
    for page in HANDBOOK.values():
        for trigger, _ in page.along:
            order = locked(page.name, trigger)
            assert order == sorted(order, key=sql.LOCK_ORDER.index), (page.name, trigger)
            assert {page.name, *(one.noun for one in transition.looks_at(page, trigger).along)} <= set(order)


def test_a_step_with_which_nothing_ends_locks_nothing_more():
    assert transition.looks_at(HANDBOOK["application"], "submit").along == ()
    assert locked("application", "submit") == ["challenge", "team", "application"]


def test_two_who_end_the_same_thing_wait_for_each_other_and_one_of_them_was_first(panel, engine):
    """A team withdraws while the challenge is cancelled: both end the application, and one of them its assignments."""
    call, session, now = panel.call, panel.session, panel.call.now
    lead, manager, mine, challenge = (
        call.actor(panel.leads[0]),
        call.actor(call.manager),
        panel.otter.id,
        call.challenge.id,
    )
    session.commit()

    def withdraw(other):
        return advance(
            other, other.get_one(Application, mine), "withdraw", actor=lead, now=now, reason="We have closed."
        )

    def cancel(other):
        return advance(other, other.get_one(Challenge, challenge), "cancel", actor=manager, now=now, reason="No money.")

    withdraw(session)
    other = Other(engine, cancel).start()
    assert other.waits
    session.rollback()
    assert other.ends() is None
    assert states(session, Application) == ["not_selected", "not_selected"]
    assert states(session, Assignment) == ["withdrawn"] * 6
    session.rollback()
    other = Other(engine, withdraw).start()
    refusal = other.ends()
    assert refusal
    assert refusal.sentences[0].endswith("; it is “Not selected” now.")


def test_an_assessor_does_not_submit_under_an_application_that_is_withdrawn(panel, engine):
    call, session, now, first = panel.call, panel.session, panel.call.now, panel.people[0]
    assignment = panel.assignment(first, panel.otter)
    panel.accept(assignment, first)
    panel.score(assignment, first)
    actor, key, mine = call.actor(first), assignment.id, panel.otter.id
    session.commit()
    advance(session, panel.otter, "withdraw", actor=call.actor(panel.leads[0]), now=now, reason="We have closed.")
    other = Other(engine, lambda s: advance_by_id(s, Assignment, key, "submit", actor=actor, now=now)).start()
    assert other.waits
    session.commit()
    assert other.ends().sentences == (
        "“Submit the scores” is possible while the assignment is “Scoring”; it is “Withdrawn” now.",
    )
    assert states(session, Assignment, application_id=mine) == ["withdrawn"] * 3
