"""Public numbers on the web: on the challenge's page, for the whole round, and as downloads, without an account."""

from __future__ import annotations

import csv
import io

from sqlalchemy import select

from civflow.models import Gate, Person, Team
from civflow.services.engine.advance import advance
from civflow.services.reports.statistics import RULE
from tests.scenes.selection import TEAMS, applied, closed, decided, released, score, sift
from tests.web.visitor import Visitor, an_app, text_of

PAGE = "/challenges/11-2-flooding-impact"


def test_everybody_reads_the_numbers_once_a_result_is_released(call, settings, engine, session, now):
    visitor = Visitor(an_app(settings, engine, lambda: call.now))
    round_ = f"/rounds/{call.challenge.round_id}/statistics"
    session.commit()
    assert [visitor.get(f"{PAGE}/statistics.{kind}").status_code for kind in ("csv", "json")] == [404, 404]
    assert "There are no numbers yet." in text_of(visitor.get(round_))

    *applications, leaves = applied(call, *TEAMS, "Late Regrets")
    lead = session.get_one(Person, session.get_one(Team, leaves.team_id).lead_id)
    advance(session, leaves, "withdraw", actor=call.actor(lead), now=call.now, reason="We are too few.")
    closed(call)
    gate = sift(call)
    score(call, gate, values={a.id: n for n, a in enumerate(applications)})
    decided(call, gate, going_on=2)
    released(call, gate)
    session.commit()
    rows = [
        [cell.text.strip() for cell in row.select("dt, dd")] for row in visitor.page(PAGE).select("#results dl > div")
    ]
    assert rows[:5] == [
        ["Applications", "4 (1 withdrew before the first decision)"],
        ["From small or medium-sized companies", "Not told: the number is too small, or not known."],
        ["Shortlisted", "2 of 3"],
        ["Winners", "Not decided yet."],
        ["Value of signed contracts", "No contract is signed yet."],
    ]
    assert RULE in text_of(visitor.get(PAGE))
    [applied_cell] = visitor.page(round_).select('td[data-label="Applications"]')
    assert applied_cell.get_text() == "4 (1 withdrew)"
    page = visitor.page(PAGE)
    assert page.select_one(".app-flow__what").get_text() == "The numbers are applications: 4 applied, 1 withdrew."
    assert page.select_one(".app-results li").get_text().split("(")[0].split() == (
        ["Sift:", "4", "applied,", "1", "withdrew;", "2", "of", "3", "applications", "went", "on"]
    )

    lines = list(csv.DictReader(io.StringIO(visitor.get(f"{PAGE}/statistics.csv").text.removeprefix("\ufeff"))))
    assert [(line["stage"], line["days"], line["shortlisted"]) for line in lines] == [
        ("Open call", "28", "2"),
        ("Sift", "0", "2"),
    ]
    data = visitor.get(f"{round_}.json").json
    assert (data["rule"], data["challenges"]) == (
        RULE,
        [
            {
                key: value
                for key, value in visitor.get(f"{PAGE}/statistics.json").json.items()
                if key not in ("rule", "definition")
            }
        ],
    )
    assert visitor.get(f"{round_}.csv").text == visitor.get(f"{PAGE}/statistics.csv").text


def test_a_winner_who_gives_the_place_up_is_counted_and_named_no_longer(call, settings, engine, session, now):
    application = applied(call)[0]
    closed(call)
    for gate in session.scalars(select(Gate)):  # scenery: every result is out, and one team was selected
        gate.state, gate.released_at, gate.going_on, gate.approved_by_id = "released", now, 1, call.manager.id
    visitor = Visitor(an_app(settings, engine, lambda: call.now))
    application.state = "selected"
    session.commit()
    name = session.get_one(Team, application.team_id).name
    assert f"Selected: {name}." in text_of(visitor.get(PAGE))
    assert visitor.get(f"{PAGE}/statistics.json").json["winners"] == 1

    application.state = "withdrawn"
    session.commit()
    page = text_of(visitor.get(PAGE))
    assert "No team is selected now: whoever was selected has left the challenge since." in page
    assert "are published when the last result is released" not in page
    assert visitor.get(f"{PAGE}/statistics.json").json["winners"] == 0
