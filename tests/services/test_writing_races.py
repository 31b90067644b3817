"""Two at once who write: windows that save, sheets that come in, pages that open, and workers that tell.

On SQLite a writer is alone, and reads first what the one before has written.
"""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import select
from sqlmodel import Session, col

from civflow.models import Challenge, Message, Presence, Round
from civflow.services import following
from civflow.services.challenges import form, saving
from civflow.services.challenges.drafts import draft, text_in_hand
from civflow.services.collaboration import presence
from civflow.services.collaboration.parts import fingerprint
from civflow.services.programmes.store import programme_of
from civflow.services.questions.spreadsheet import import_questions
from tests.services.test_search import opened
from tests.two_at_once import Other, Press

SOMEBODY_WAS_FIRST = (
    "You have changed this part in another window while you were writing. "
    "Nothing is lost: what is saved now stands above your own words."
)
pytestmark = pytest.mark.parametrize("database", ["postgresql"], indirect=True)


def test_of_windows_that_save_a_draft_at_once_each_waits_and_no_words_are_lost(engine, call, session):
    """Who writes another part is not told that somebody was first; who writes the same part is."""
    manager, now = call.actor(call.manager), call.now
    round_ = session.get_one(Round, call.challenge.round_id)
    challenge = draft(session, round_=round_, sponsor=None, title="Peat bogs", actor=manager, now=now)
    parts = {part.id: part for part in form.parts_of(programme_of(session, challenge))}
    session.commit()

    def save(name: str, words: str) -> Press:
        def press(own: Session) -> bool:
            mine, part = own.get_one(Challenge, challenge.id), parts[form.TEXT + name]
            text = text_in_hand(own, mine)  # the page has read it
            seen = fingerprint(form.stored(own, mine, text, part))
            return saving.save(own, mine, part, {name: words}, seen=seen, actor=manager, now=now)

        return press

    save("problem", "Mine.")(session)
    same, another = (Other(engine, save(name, "Theirs.")).start() for name in ("problem", "background"))
    assert (same.waits, another.waits) == (True, True)
    session.commit()
    assert (another.ends(), another.answer) == (None, True)
    assert same.ends().sentences == (SOMEBODY_WAS_FIRST,)
    session.expire_all()
    assert text_in_hand(session, challenge).sections == {"problem": "Mine.", "background": "Theirs."}


def test_a_sheet_of_questions_that_two_people_bring_at_once_is_taken_in_once(engine, call, session):
    sheet, owner, now, mine = b"reference,question\nPCS-1,May I?\n", call.actor(call.owner), call.now, call.challenge.id
    session.commit()
    import_questions(session, call.challenge, sheet, actor=owner, now=now)
    other = Other(
        engine, lambda own: import_questions(own, own.get_one(Challenge, mine), sheet, actor=owner, now=now)
    ).start()
    assert other.waits
    session.commit()
    assert other.ends() is None
    assert other.answer == ([], 1, [])


def test_two_pages_that_one_person_opens_at_once_tell_where_they_are(engine, call, session):
    person, now, mine = call.owner.id, call.now, call.challenge.id
    session.commit()
    presence.come(session, call.challenge, person, "", now=now)
    other = Other(
        engine, lambda own: presence.come(own, own.get_one(Challenge, mine), person, "dates", now=now, writes=True)
    ).start()
    assert other.waits
    session.commit()
    assert other.ends() is None
    session.expire_all()
    assert [(seen.part, seen.writes) for seen in session.scalars(select(Presence))] == [("dates", True)]


def test_of_two_workers_one_tells_and_the_other_waits_and_finds_nothing(engine, call, session):
    person, now, tomorrow = call.person("Searcher"), call.now, call.now + timedelta(days=1)
    following.follow(session, person, search="q=peat", now=now)
    following.follow(session, person, record=call.challenge, delivery="daily", now=now)
    following.publish_news(session, call.challenge, "changes", "A new text.", key="version-2", now=now)
    following.compare_with_searches(session, now=now)  # with the challenge that was open before
    opened(session, call, "Peat bogs")

    def compare(own: Session) -> int:
        return following.compare_with_searches(own, now=now)

    def send(own: Session) -> int:
        return following.send_daily(own, base_url="", now=tomorrow)

    for tell in (compare, send):
        session.commit()
        assert tell(session) == 1
        other = Other(engine, tell).start()
        assert other.waits
        session.commit()
        assert (other.ends(), other.answer) == (None, 0)
    told = select(col(Message.subject)).where(col(Message.person_id) == person.id).order_by(col(Message.id))
    assert list(session.scalars(told)) == [
        "A new challenge: Peat bogs",
        "What happened to 1 challenge that you follow",
    ]
