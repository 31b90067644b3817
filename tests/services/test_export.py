"""Exports keep the seal: they hold what the reader may see, and nothing else."""

from __future__ import annotations

from datetime import timedelta

import pytest

from civflow.services.applications.answers import save_answers
from civflow.services.applications.submission import submit
from civflow.services.engine.advance import advance
from civflow.services.records.export import rows_to_export
from civflow.workflows import HANDBOOK
from civflow.workflows.engine import NOBODY, Forbidden, NotFound
from tests.scenes.open_call import Call, grant


def titles(call: Call, person) -> dict[str, str]:
    """Team -> the title that the export of this person has."""
    names, rows = rows_to_export(call.session, "applications", actor=call.actor(person), now=call.now)
    found = (dict(zip(names, row, strict=True)) for row in rows)
    return {row["team"]: row["title"] for row in found}


@pytest.fixture
def leads(call, session) -> dict[str, object]:
    """One team has handed in, one withdraws before the deadline, and one never hands in; each with a title."""
    leads = {name: call.person(f"Lead of {name}") for name in ("In", "Out", "Draft")}
    for name, lead in leads.items():
        application = call.application(call.team(name, lead), complete=True)
        save_answers(session, application, {}, title=f"Secret {name}", actor=call.actor(lead), now=call.now)
        if name != "Draft":
            submit(session, application, actor=call.actor(lead), now=call.now)
        if name == "Out":
            advance(session, application, "withdraw", actor=call.actor(lead), now=call.now, reason="No time.")
    return leads


def test_titles_are_the_teams_own_until_the_seal_is_open_and_for_ever_where_nothing_was_taken_in(call, leads):
    call.wait_until(call.closes_at - timedelta(seconds=1))
    assert titles(call, call.manager) == {"In": "", "Out": "", "Draft": ""}
    call.wait_until(call.closes_at)
    assert titles(call, call.manager) == {"In": "Secret In", "Out": "", "Draft": ""}
    assert titles(call, leads["Draft"]) == {"Draft": "Secret Draft"}  # a team exports its own, and no other


def test_nobody_exports_what_they_may_not_see(call, session, leads):
    stranger, auditor = call.person("Stranger"), call.person("Auditor")
    assert titles(call, stranger) == {}
    for person in (stranger, call.manager):
        with pytest.raises(Forbidden) as refused:
            rows_to_export(session, "history", actor=call.actor(person), now=call.now)
        assert refused.value.sentences == ("An auditor of the whole site exports the record.",)
    grant(session, auditor, "auditor", call.now)
    assert len(rows_to_export(session, "history", actor=call.actor(auditor), now=call.now)[1]) > 10
    assert [row[2] for row in rows_to_export(session, "challenges", actor=NOBODY, now=call.now)[1]] == [
        "Flooding impact"
    ]
    call.challenge.version = 0
    session.flush()
    assert rows_to_export(session, "challenges", actor=NOBODY, now=call.now)[1] == []


@pytest.mark.parametrize("noun", HANDBOOK)
def test_the_records_of_every_noun_are_exported_as_their_page_shows_them(noun, call, session, leads):
    auditor = call.person("Auditor")
    grant(session, auditor, "auditor", call.now)
    names, rows = rows_to_export(session, noun, actor=call.actor(auditor), now=call.now)
    shows = HANDBOOK[noun].shows
    assert (names[:2], set(names[2:])) == (["id", "state"], {*shows.shown, *shows.staff})
    assert all(len(row) == len(names) for row in rows)
    assert rows_to_export(session, noun, actor=NOBODY, now=call.now)[1] == [] or HANDBOOK[noun].sees[0].public


def test_an_export_of_a_noun_holds_what_its_reader_reads_and_one_record_where_its_number_is_given(call, session, leads):
    names, rows = rows_to_export(session, "application", actor=call.actor(leads["In"]), now=call.now)
    [mine] = [dict(zip(names, row, strict=True)) for row in rows]
    assert mine["title"] == "Secret In"
    read = rows_to_export(session, "application", actor=call.actor(call.manager), now=call.now)[1]
    assert ([row[names.index("title")] for row in read], [row[0] for row in read]) == (["", "", ""], [1, 2, 3])
    one = rows_to_export(session, "application", actor=call.actor(call.manager), now=call.now, record_id=2)[1]
    assert [row[0] for row in one] == [2]
    with pytest.raises(NotFound) as unknown:
        rows_to_export(session, "hub", actor=NOBODY, now=call.now)
    assert str(unknown.value).startswith("There is no export “hub”; choose one of challenges, applications, history, ")
