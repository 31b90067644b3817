"""What waits for a worker that does not run: since when, on the administrator's home as in `civflow doctor`."""

from __future__ import annotations

from datetime import timedelta

from civflow.demonstration import begun_at
from civflow.services.dashboards.administrator import dashboard
from civflow.services.documents import store as documents
from civflow.services.health.backlog import backlog
from civflow.services.notifications import outbox
from tests.scenes.open_call import grant

SECOND = timedelta(seconds=1)


def test_what_is_due_and_not_done_is_said_with_since_when_it_waits(call, session, now, tmp_path):
    """Ten minutes pass before anybody hears of it: it may just be being done."""
    outbox.post(session, person=call.manager, kind="sign_in", key="k", about="/sign-in/x", now=now)
    noon, closed = "Monday 5 January 2026, 12 noon (UK time)", "Monday 2 February 2026, 12 noon (UK time)"
    moments = (now + timedelta(minutes=10), now + timedelta(minutes=11), call.closes_at + timedelta(minutes=11))
    assert [backlog(session, now=moment) for moment in moments] == [
        "",
        f"A message has waited since {noon}; a document has waited since {noon}.",
        f"A message has waited since {noon}; a document has waited since {noon}; a deadline has waited since {closed}.",
    ]

    grant(session, call.manager, "administrator", now)
    call.make_documents(tmp_path)
    found = dashboard(session, actor=call.actor(call.manager), now=moments[1])
    assert [(w.text, w.detail) for w in found.waiting] == [
        (
            "See that civflow's worker runs",
            f"A message has waited since {noon}. Without a worker no mail goes out, no document is made and no deadline is kept.",
        )
    ]
    call.wait_until(moments[2])
    assert "a deadline" not in backlog(session, now=moments[2])


def test_what_the_story_of_the_demonstration_asked_for_is_never_late(call, session, now):
    """It is printed after half a year of story was played in a minute, however long that takes."""
    noon = "Monday 5 January 2026, 12 noon (UK time)"
    begun_at(session, end=now)
    assert backlog(session, now=now + timedelta(minutes=11)) == f"A message has waited since {noon}."

    documents.ask(
        session, kind="receipt", key="own", title="R", workflow="round", record_id=1, data={}, now=now + SECOND
    )
    assert backlog(session, now=now + timedelta(minutes=11)) == (
        f"A message has waited since {noon}; a document has waited since {noon}."
    )
