"""What waits for somebody: whose line it is, what it says, where it leads, and how much it asks of the database."""

from __future__ import annotations

from sqlalchemy import select
from sqlmodel import col

from civflow.models import Panellist, Person, Question
from civflow.services.engine.advance import advance
from civflow.services.questions.questions import ask
from civflow.services.records.waiting import now_with, waiting_for
from civflow.services.teams.teams import ask_to_join, invite
from tests.scenes.open_call import Call, grant
from tests.scenes.selection import score
from tests.web.visitor import statements


def lines(call: Call, person: Person, **within: int | None) -> list[tuple[str, str]]:
    found = waiting_for(call.session, actor=call.actor(person), now=call.now, **within)
    return [(line.task.text, line.task.href) for line in found]


def questions(call: Call, *texts: str) -> list[Question]:
    asker = call.actor(call.person(f"Who asks {texts[0]}"))
    return [ask(call.session, call.challenge, text=text, actor=asker, now=call.now) for text in texts]


def test_records_that_are_alike_are_one_line_with_their_number(call):
    page = f"/challenges/{call.challenge.slug}/questions"
    [first] = questions(call, "May I?")
    one = lines(call, call.owner)
    questions(call, "And I?", "And we?")

    assert one == [("Answer a question about “Flooding impact”", f"{page}/{first.id}")]
    assert lines(call, call.owner) == [("Answer 3 questions about “Flooding impact”", page)]


def test_a_line_with_a_step_is_there_for_whoever_can_take_it_and_for_nobody_else(call):
    """Whoever wrote an answer does not clear it."""
    [question] = questions(call, "May I?")
    second = call.person("Second owner")
    grant(call.session, second, "challenge_owner", call.now, scope="challenge", scope_id=call.challenge.id)
    advance(call.session, question, "draft", actor=call.actor(call.owner), now=call.now, answer="Yes.")

    page = f"/challenges/{call.challenge.slug}/questions/{question.id}"
    assert {person.name: lines(call, person) for person in (call.owner, second, call.manager)} == {
        call.owner.name: [],
        second.name: [("Check and publish an answer about “Flooding impact”", page)],
        call.manager.name: [("Publish an answer about 11.2 Flooding impact", f"{page}/publish")],
    }
    assert now_with(call.session, question, now=call.now) == ["the challenge owners", "the programme managers"]


def test_an_invitation_waits_for_the_person_and_a_request_for_the_lead(call, session):
    lead, invited, asker = (call.person(name) for name in ("Priya Raeburn", "Hana Otter", "Tom Asker"))
    team = call.team("Otter Works", lead)
    team.looking_for = ["water"]
    invite(session, team, invited, actor=call.actor(lead), now=call.now)
    request = ask_to_join(session, team, actor=call.actor(asker), now=call.now)

    assert {person.name: lines(call, person) for person in (lead, invited, asker)} == {
        lead.name: [("Answer Tom Asker, who asks to join Otter Works", f"/teams/{team.id}")],
        invited.name: [("Answer Otter Works: they invite you", f"/teams/{team.id}")],
        asker.name: [],
    }
    assert now_with(session, request, now=call.now) == ["the lead of the team"]


def test_the_chair_of_a_panel_reads_what_waits_at_their_gate_and_the_others_do_not(call, gate):
    score(call, gate)
    seats = select(Person, col(Panellist.chairs)).join(Panellist, col(Panellist.person_id) == col(Person.id))
    people = call.session.execute(seats.where(col(Panellist.gate_id) == gate.id)).all()
    moderate = ("End the scoring: Sift of 11.2 Flooding impact", f"/cases/gate/{gate.id}/moderate")

    assert {lines(call, person) == [moderate] for person, chairs in people if chairs} == {True}
    assert [lines(call, person) for person, chairs in people if not chairs] == [[], []]


def test_the_office_reads_what_an_approver_decides_and_whoever_may_approve_it_decides(panel, session):
    """A programme manager who approves too has one line about it, not two."""
    office = panel.call.person("Robin Office")
    grant(session, office, "programme_manager", panel.call.now)
    panel.gate.state = "proposed"  # scenery: how it came there does not matter here
    session.flush()
    words = {person.name: lines(panel.call, person) for person in (office, panel.call.manager, panel.approver)}

    page, title = f"/gates/{panel.gate.id}", "Sift of 11.2 Flooding impact"
    assert words == {
        office.name: [(f"Read {title}, which waits for an approver", page)],
        panel.call.manager.name: [(f"Approve a result: {title}", page)],
        panel.approver.name: [(f"Approve a result: {title}", page)],
    }


def test_nothing_waits_at_the_gates_of_a_challenge_that_has_ended(panel, session):
    panel.everybody_scores()
    before = [len(lines(panel.call, person)) for person in (panel.call.manager, panel.chair)]
    office = panel.call.actor(panel.call.manager)
    advance(session, panel.call.challenge, "cancel", actor=office, now=panel.call.now, reason="The money is gone.")
    assert before == [1, 1]
    assert [lines(panel.call, person) for person in (panel.call.manager, panel.chair)] == [[], []]


def test_lines_within_a_round_leave_the_others_out(call, gate):
    round_id = call.challenge.round_id
    call.now = gate.scoring_due_at
    everything = lines(call, call.manager)

    assert (lines(call, call.manager, round_id=round_id), lines(call, call.manager, round_id=round_id + 1)) == (
        everything,
        [],
    )


def test_what_waits_asks_the_same_however_much_there_is(call, engine):
    def asked() -> int:
        call.session.expire_all()
        actor = call.actor(call.owner)
        with statements(engine) as found:
            waiting_for(call.session, actor=actor, now=call.now)
        return len(found)

    questions(call, "May I?")
    few = asked()
    questions(call, *"ABCDEFGHI")
    assert asked() == few
