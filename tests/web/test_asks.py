"""What a step asks for can be answered by people: a record is chosen by its name, and nobody types or reads an id."""

from __future__ import annotations

import pytest

from civflow.models import Membership
from civflow.services.records.choices import can_be_named, choices_of
from civflow.workflows import HANDBOOK
from tests.web.visitor import errors_of

STEPS = [(page, step) for page in HANDBOOK.values() for step in page.steps]


@pytest.mark.parametrize(("page", "step"), STEPS, ids=[f"{page.name}.{step.name}" for page, step in STEPS])
def test_no_step_of_the_handbook_asks_for_an_id(page, step):
    for ask in step.asks:
        names_a_record = ask.name.endswith("_id") or page.refers(ask.name) is not None
        assert names_a_record == (ask.kind in ("person", "record")), ask.name
        assert ask.kind != "record" or can_be_named(ask.of), ask.of
        assert ask.kind != "person" or "e-mail address" in f"{ask.label} {ask.hint}".lower(), ask.label


def test_who_reads_the_words_stands_at_their_field(come, panel, session):
    """An assessor's reasons go word for word to the team; so do the panel's, and a number's reason is published."""
    sheet = panel.assignment(panel.people[1], panel.otter)
    panel.accept(sheet, panel.people[1])
    session.commit()
    assert hints(come(panel.people[1]).page(f"/assignments/{sheet.id}"), "textarea[name$=-why]") == [WORD_FOR_WORD] * 4

    panel.everybody_scores()
    panel.take(panel.chair, "moderate")
    session.commit()
    gate, score = f"/gates/{panel.gate.id}", panel.a_score(panel.otter)
    session.commit()
    chair = come(panel.chair)
    assert hints(chair.page(f"{gate}/scores/{score.id}"), "#why") == [WORD_FOR_WORD]
    assert hints(chair.page(f"{gate}/propose"), "#number_reason") == [
        "Only where the number differs. Everybody reads it, also the public."
    ]


WORD_FOR_WORD = "The team reads it word for word in its letter, without your name; so do the panel and staff."


def hints(page, fields: str) -> list[str]:
    """What stands at each of these fields, as a screen reader reads it with the field."""
    return [page.find(id=field["aria-describedby"].split()[0]).get_text(strip=True) for field in page.select(fields)]


def of_labels(page, name: str) -> list[str]:
    """What can be chosen in a field, as people read it."""
    radios = [page.find("label", {"for": one["id"]}).get_text(strip=True) for one in page.select(f"input[name={name}]")]
    return radios or [one.get_text(strip=True) for one in page.select(f"select[name={name}] option")][1:]


def test_a_new_lead_is_chosen_among_the_members_by_name(come, call, session, otter, priya):
    omar, stranger = call.person("Omar Tait"), call.person("Una Galbraith")
    keys = {"team_id": otter.id, "person_id": omar.id, "since": call.now, "joined_at": call.now}
    session.add(Membership(**keys, state="active"))
    session.commit()
    step, lead = f"/cases/team/{otter.id}/hand_over", come(priya)

    assert of_labels(lead.page(step), "lead_id") == ["Omar Tait"]

    answer = lead.post(step, {"lead_id": str(stranger.id), "reason": "So."}, on=step)
    assert (answer.status_code, errors_of(answer)) == (422, ["Choose one of those that are listed."])
    assert lead.post(step, {"lead_id": str(omar.id), "reason": "So."}, on=step).status_code == 303
    session.refresh(otter)
    assert otter.lead_id == omar.id


def test_moderation_leads_to_every_score_by_name(come, panel, session):
    panel.everybody_scores()
    panel.take(panel.chair, "moderate")
    panel.declares(panel.people[0], panel.heron)
    session.commit()
    chair, gate = come(panel.chair), panel.gate
    button = chair.page(f"/gates/{gate.id}").find("a", string="Adjust a score", role="button")

    page = chair.page(button["href"], follow_redirects=True)

    assert [heading.get_text(strip=True) for heading in page.select("section h2")] == [
        "1-0001 Otter Works",
        "1-0002 Heron Labs",
    ]
    rows = page.select("tbody tr")
    assert [" ".join(row.get_text(" ").split()) for row in rows[:1]] == [
        "Solves the challenge "
        + " ".join(
            f"3 of 4 Adjust Solves the challenge of 1-0001 by Assessor {number}" for number in ("One", "Two", "Three")
        )
    ]
    assert len(rows) == 4, "the scores of a team that the chair has a conflict with are kept back"
    assert chair.get(rows[0].a["href"]).status_code == 200


def test_of_what_a_rule_would_refuse_nothing_can_be_chosen(panel, session):
    panel.everybody_scores()
    panel.take(panel.chair, "moderate")
    panel.declares(panel.people[0], panel.heron)
    session.commit()
    step = HANDBOOK["gate"].step("adjust", "moderating")

    chair, manager = (
        choices_of(session, panel.gate, step, actor=panel.call.actor(person), now=panel.call.now)["score_id"]
        for person in (panel.chair, panel.call.manager)
    )

    assert (len(chair), len(manager)) == (12, 24)
    assert chair[0].words == "1-0001 of Otter Works, Commercial potential, by Assessor One: 3 of 4"
