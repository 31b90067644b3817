"""The migrations: one set for both databases, which makes exactly the tables of the models and leaves DBOS's alone."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest
from alembic import command
from sqlalchemy import CheckConstraint, Engine, insert, inspect, select, text
from sqlalchemy.exc import IntegrityError
from sqlmodel import col

from civflow.db import make_engine, metadata, new_session
from civflow.models import Alert, Comment, Follow, Grant, Message, News, Person, Presence
from civflow.services.collaboration.comments import threads
from civflow.services.jobs import database
from civflow.services.jobs import queue as jobs
from civflow.workflows import HANDBOOK
from tests.databases import settings_for


def run(engine: Engine, what: str, *args: str) -> None:
    config = database._config()
    with engine.connect() as connection:
        config.attributes["connection"] = connection
        getattr(command, what)(config, *args)


def test_the_migrations_make_the_tables_of_the_models_beside_those_of_dbos(engine):
    jobs.prepare(engine)

    run(engine, "check")  # raises where a migration is missing


def test_every_check_of_the_models_is_in_the_database_with_the_same_words(engine):
    """Alembic does not compare CHECKs, so that a forgotten state would be found by the first person who needs it."""
    inspector = inspect(engine)
    for table in metadata.sorted_tables:
        wanted = {
            str(c.name): words(str(c.sqltext))
            for c in table.constraints
            if isinstance(c, CheckConstraint) and c.name is not None
        }
        found = {str(c["name"]): words(c["sqltext"]) for c in inspector.get_check_constraints(table.name)}
        assert found == wanted, table.name


def words(sql: str) -> list[str]:
    """The texts that a CHECK names; the databases write the rest of it in their own ways."""
    return sorted(re.findall(r"'([^']*)'", sql))


@pytest.mark.parametrize("name", [name for name in HANDBOOK if name != "challenge"])
def test_the_database_knows_the_states_of_the_handbook(name, engine):
    checks = {c["name"]: c["sqltext"] for c in inspect(engine).get_check_constraints(HANDBOOK[name].table.name)}

    assert words(checks[f"ck_{name}_state"]) == sorted(HANDBOOK[name].states)


def test_the_database_refuses_a_state_that_the_handbook_does_not_know(session, now):
    row = {
        "key": "k",
        "address": "a@example.org",
        "subject": "S",
        "body": "B",
        "not_before": now,
        "since": now,
        "about": "",
        "attempts": 0,
        "revision": 0,
        "head": "",
    }
    session.connection().execute(insert(Message), {**row, "state": "waiting"})

    with pytest.raises(IntegrityError):
        session.connection().execute(insert(Message), {**row, "key": "l", "state": "somewhere"})


@pytest.mark.parametrize("scope", [{"scope": "site"}, {"scope": "round", "scope_id": 7}])
def test_a_role_is_held_once_in_a_scope_until_it_is_revoked(session, now, scope):
    person = Person(email="ann@example.org", name="Ann", created_at=now)
    session.add(person)
    session.flush()
    first = Grant(person_id=person.id, role="assessor", granted_at=now, **scope)
    session.add(first)
    session.flush()
    savepoint = session.begin_nested()
    session.add(Grant(person_id=person.id, role="assessor", granted_at=now, **scope))
    with pytest.raises(IntegrityError):
        session.flush()
    savepoint.rollback()

    first.revoked_at = now
    session.flush()
    session.add(Grant(person_id=person.id, role="assessor", granted_at=now, **scope))
    session.flush()


def test_migrating_again_changes_nothing(engine, now):
    with new_session(engine) as session:
        session.add(Person(email="ann@example.org", name="Ann", created_at=now))
        session.commit()

    database.upgrade(engine)

    assert database.is_current(engine)
    with new_session(engine) as session:
        assert session.get_one(Person, 1).name == "Ann"


def test_a_new_database_says_that_it_is_not_ready(tmp_path):
    engine = make_engine(settings_for(f"sqlite:///{tmp_path}/folder/new.db"))
    try:
        assert not database.is_current(engine)
        database.upgrade(engine)
        assert database.is_current(engine)
    finally:
        engine.dispose()


def test_going_back_leaves_nothing_behind(engine):
    run(engine, "downgrade", "base")

    assert inspect(engine).get_table_names() == ["alembic_version"]
    assert not database.is_current(engine)


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_sqlite_minds_foreign_keys_after_a_migration(engine):
    database.upgrade(engine)

    with engine.connect() as connection:
        assert connection.execute(text("PRAGMA foreign_keys")).scalar() == 1


def one_migration_more(folder: Path, body: str) -> Path:
    """A copy of the migrations with one after the last."""
    copied = shutil.copytree(database.migrations(), folder / "migrations")
    (copied / "versions" / "9999_more.py").write_text(
        f'import sqlalchemy as sa\nfrom alembic import op\n\nrevision = "9999"\n'
        f'down_revision = "{database.newest_revision()}"\n\n\ndef upgrade():\n    {body}\n'
    )
    return copied


def test_a_migration_that_fails_half_way_changes_nothing(engine, tmp_path, monkeypatch):
    create = 'op.create_table("half", sa.Column("id", sa.Integer()))'
    folder = one_migration_more(tmp_path, f'{create}; raise RuntimeError("half way")')
    monkeypatch.setattr(database, "migrations", lambda: folder)

    with pytest.raises(RuntimeError, match="half way"):
        database.upgrade(engine)

    assert "half" not in inspect(engine).get_table_names()
    assert database.revision(engine) != database.newest_revision() == "9999"


def written_before(engine: Engine, table: str, **columns: object) -> None:
    """Write a row as an earlier release did."""
    names = ", ".join(columns)
    with engine.begin() as connection:
        connection.execute(text(f"INSERT INTO {table} ({names}) VALUES (:{', :'.join(columns)})"), columns)


def test_what_was_said_about_a_draft_before_is_there_as_comments_on_the_challenge(engine, call, session):
    """Every row is kept with its number, and the next one comes after them."""
    challenge_id, person_id = call.challenge.id, call.owner.id
    session.commit()
    run(engine, "downgrade", "0001_settled")
    said = {"challenge_id": challenge_id, "part": "question", "by_id": person_id, "at": call.now}
    for more in (
        {"id": 7, "thread_id": None, "kind": "comment", "text": "Why Leith?", "is_open": False},
        {"id": 9, "thread_id": 7, "kind": "resolved", "text": "", "is_open": True},
    ):
        written_before(engine, "draft_remark", **said, **more)
    seen = {"id": 5, "challenge_id": challenge_id, "person_id": person_id, "part": "dates"}
    written_before(engine, "presence", **seen, writes=True, at=call.now)

    database.upgrade(engine)

    run(engine, "check")
    [thread] = threads(session, call.challenge, "question")
    found = [(said.comment.id, said.comment.text, said.comment.at) for said in thread.said]
    assert (thread.id, thread.is_open, found) == (7, False, [(7, "Why Leith?", call.now), (9, "", call.now)])
    [there] = session.scalars(select(Presence)).all()
    assert (there.id, there.workflow, there.record_id, there.person_id, there.part, there.writes, there.at) == (
        5,
        "challenge",
        challenge_id,
        person_id,
        "dates",
        True,
        call.now,
    )
    more = Comment(workflow="challenge", record_id=challenge_id, text="More.", by_id=person_id, at=call.now)
    session.add(more)
    session.flush()
    assert more.id == 10
    session.rollback()
    run(engine, "downgrade", "0001_settled")
    with engine.connect() as connection:
        kept = connection.execute(text("SELECT id, challenge_id, text FROM draft_remark ORDER BY id")).all()
    assert [tuple(row) for row in kept] == [(7, challenge_id, "Why Leith?"), (9, challenge_id, "")]


def test_what_was_followed_before_is_followed_still_and_news_keep_their_alerts(engine, call, session):
    challenge_id, person_id = call.challenge.id, call.owner.id
    session.commit()
    run(engine, "downgrade", "0001_settled")
    follows = {"person_id": person_id, "begun_at": call.now}
    written_before(
        engine, "follow", id=3, challenge_id=challenge_id, delivery="daily", token="t" * 43, search=None, **follows
    )
    written_before(
        engine, "follow", id=4, challenge_id=None, delivery="at_once", token="u" * 43, search="q=peat", **follows
    )
    news = {"key": "k", "what": "changes", "sentence": "A new text.", "at": call.now}
    written_before(engine, "news", id=6, challenge_id=challenge_id, **news)
    written_before(engine, "alert", id=8, person_id=person_id, news_id=6, follow_id=3)

    database.upgrade(engine)

    run(engine, "check")
    found = session.scalars(select(Follow).order_by(col(Follow.id))).all()
    assert [(f.id, f.workflow, f.record_id, f.search, f.delivery, f.begun_at) for f in found] == [
        (3, "challenge", challenge_id, None, "daily", call.now),
        (4, None, None, "q=peat", "at_once", call.now),
    ]
    one = session.get_one(News, 6)
    assert (one.id, one.workflow, one.record_id, one.sentence) == (6, "challenge", challenge_id, "A new text.")
    assert session.execute(select(Alert.news_id, Alert.follow_id)).all() == [(6, 3)]
    for twice in (
        {"workflow": "challenge", "record_id": challenge_id},  # a record is followed once
        {"search": "q=peat"},
        {"workflow": "challenge", "record_id": 99, "search": "q=bog"},
        {"record_id": 99},
    ):
        savepoint = session.begin_nested()
        session.add(Follow(person_id=person_id, token="v" * 43, begun_at=call.now, **twice))
        with pytest.raises(IntegrityError):
            session.flush()
        savepoint.rollback()
    session.rollback()
    run(engine, "downgrade", "0001_settled")
    with engine.connect() as connection:
        kept = connection.execute(text("SELECT id, challenge_id FROM follow ORDER BY id")).all()
    assert [tuple(row) for row in kept] == [(3, challenge_id), (4, None)]


def test_roles_are_kept_once_in_a_scope_and_held_in_the_scope_of_any_noun(engine, call, session):
    before = session.execute(select(Grant.id, Grant.person_id, Grant.scope, Grant.scope_id)).all()
    session.commit()
    run(engine, "downgrade", "0001_settled")
    database.upgrade(engine)
    assert session.execute(select(Grant.id, Grant.person_id, Grant.scope, Grant.scope_id)).all() == before
    for number, refused in ((1, False), (1, True), (2, False)):
        savepoint = session.begin_nested()
        session.add(Grant(person_id=call.owner.id, role="assessor", scope="hub", scope_id=number, granted_at=call.now))
        if refused:
            with pytest.raises(IntegrityError):
                session.flush()
            savepoint.rollback()
        else:
            session.flush()
