"""Score first, talk later, and not about one's own: whose scores who reads, on every page that shows scores."""

from __future__ import annotations

import pytest
from bs4 import BeautifulSoup

from civflow.models import Person
from civflow.services.assessment.gates import scorecard_of
from civflow.services.assessment.scores import scores_of
from civflow.services.engine.history import last_entry
from tests.web.visitor import HTMX, Visitor, an_app, errors_of, text_of

OVERTAKEN = (
    "While you wrote, this score was saved as {}, in another window or before a connection broke. Yours is not saved. "
    "Save again to keep yours instead."
)
KEPT_BACK = "You have a conflict with this team, so its scores are not shown to you."


@pytest.fixture
def visit(settings, engine, session, panel):
    """A browser in which this person is signed in."""
    app = an_app(settings, engine, lambda: panel.call.now)

    def open_browser(person: Person) -> Visitor:
        return Visitor(app).sign_in(session, person, now=panel.call.now)

    return open_browser


def scores_on(browser: Visitor, path: str) -> set[str]:
    """The applications whose assessors' reasons stand on a page."""
    words = text_of(browser.get(path))
    return {a for a in ("1-0001", "1-0002") if f"about {a}." in words}


def test_nobody_on_the_panel_reads_others_scores_while_the_scoring_runs(visit, session, panel):
    """The chair neither; who does not score, such as the programme manager, may see how it goes."""
    panel.everybody_scores()
    gate, score = f"/gates/{panel.gate.id}", panel.a_score(panel.otter)
    adjust = f"{gate}/scores/{score.id}"
    theirs = f"/assignments/{panel.assignment(panel.people[1], panel.otter).id}"
    for person in (panel.chair, panel.people[2]):
        browser = visit(person)
        assert (scores_on(browser, gate), scores_on(browser, f"{gate}/propose")) == (set(), set())
        assert browser.get(adjust).status_code == 404
        answer = browser.post(adjust, {"value": "4", "why": "So."}, on=theirs if person is panel.chair else gate)
        assert (answer.status_code, "Reason 0" in answer.text) == (404, False)
    assert scores_on(visit(panel.chair), theirs) == set()  # another assessor's sheet
    manager = visit(panel.call.manager)
    assert scores_on(manager, gate) == {"1-0001", "1-0002"}
    assert scores_on(manager, theirs) == {"1-0001"}
    panel.take(panel.chair, "moderate")
    session.commit()
    for person in (panel.chair, panel.people[2]):
        assert scores_on(visit(person), gate) == {"1-0001", "1-0002"}
    assert visit(panel.chair).get(adjust).status_code == 200
    panel.take(panel.chair, "score_again", reason="One is missing.")
    session.commit()
    browser = visit(panel.people[2])
    for page in (gate, f"{gate}/release"):
        assert scores_on(browser, page) == set()
        assert "Your total" not in text_of(browser.get(page))


def test_scores_of_a_team_are_not_shown_to_who_has_a_conflict_with_it(visit, session, panel):
    panel.everybody_scores()
    panel.take(panel.chair, "moderate")
    for person in (panel.chair, panel.call.manager):
        panel.declares(person, panel.heron)
    session.commit()
    gate = f"/gates/{panel.gate.id}"
    own, others = (f"{gate}/scores/{panel.a_score(a).id}" for a in (panel.heron, panel.otter))
    theirs = f"/assignments/{panel.assignment(panel.people[1], panel.heron).id}"
    typed = {"score_id": str(panel.a_score(panel.heron).id), "value": "4", "why": "So."}
    for person in (panel.chair, panel.call.manager):
        browser = visit(person)
        rows = browser.page(gate).select(".app-scores tbody > tr")
        assert [("Heron Labs" in row.text, KEPT_BACK in row.text) for row in rows] == [(False, False), (True, True)]
        assert [cell.get_text(strip=True) for cell in rows[1].select("td")][2:] == [""] * 7
        assert scores_on(browser, gate) == {"1-0001"}
        assert scores_on(browser, theirs) == set()
        assert "Our words about" not in text_of(browser.get(theirs))
        assert browser.get(others).status_code == 200
        for answer in (browser.get(own), browser.post(own, {"value": "4", "why": "So."}, on=others)):
            assert (answer.status_code, KEPT_BACK in answer.text, "Reason 0" in answer.text) == (403, True, False)
        generic = f"/cases/gate/{panel.gate.id}/adjust"
        answer = browser.post(generic, typed, on=others)
        assert (answer.status_code, errors_of(answer)) == (422, ["Choose one of those that are listed."])
    assert panel.a_score(panel.heron).moderated_value is None
    assert scores_on(visit(panel.people[2]), gate) == {"1-0001", "1-0002"}


def test_a_tie_with_a_team_of_ones_own_is_not_told(visit, session, panel):
    panel.everybody_scores(equal=True)
    panel.take(panel.chair, "moderate")
    session.commit()
    gate, chair = f"/gates/{panel.gate.id}", visit(panel.chair)
    assert len(chair.page(f"{gate}/ties").select("main form input[type=radio]")) == 2
    assert "1-0001 and 1-0002" in text_of(chair.get(gate))
    panel.declares(panel.chair, panel.heron)
    session.commit()
    assert "Otter Works" not in text_of(chair.get(f"{gate}/ties"))
    assert "1-0001 and 1-0002" not in text_of(chair.get(gate))


def test_the_manager_reads_at_the_gate_who_can_no_longer_score_whom_and_why(visit, session, panel):
    panel.accept(panel.assignment(panel.chair, panel.otter), panel.chair)
    panel.joins(panel.chair, panel.otter)
    session.commit()
    path, assignment = f"/gates/{panel.gate.id}", panel.assignment(panel.chair, panel.otter)
    row = visit(panel.call.manager).page(path).select_one(".app-scores tbody > tr")
    assert " ".join(row.select_one("p").get_text().split()) == (
        "Assessor One is or was a member of the team. So they cannot score it: withdraw the assignment, and match again."
    )
    assert row.select_one("p a")["href"] == f"/cases/assignment/{assignment.id}"
    own = text_of(visit(panel.chair).get(f"/assignments/{assignment.id}"))
    assert (
        "You have a conflict of interest: the record says that Assessor One is or was a member of the team. "
        "So you can neither read nor score this application. Decline it below, and the programme manager finds "
        "somebody else."
    ) in own
    assert "Our words about" not in own


def test_no_letter_with_scores_of_ones_own_team_is_shown_before_the_release(visit, session, panel):
    panel.everybody_scores()
    panel.take(panel.chair, "moderate")
    panel.take(panel.chair, "propose", going_on=2)
    panel.take(panel.approver, "approve")
    session.commit()
    path, manager = f"/gates/{panel.gate.id}/release", panel.call.manager
    assert "Your total" in text_of(visit(manager).get(path))
    panel.declares(manager, panel.otter)
    session.commit()
    words = text_of(visit(manager).get(path))
    assert "Your total" not in words
    assert "You have a conflict with a team whose scores stand in the letters, so no letter is shown to you." in words
    assert BeautifulSoup(visit(manager).get(path).data, "html.parser").select_one("main form button") is None
    assert "You have no conflict of interest with a team that this gate decides on." in words


def test_the_score_page_says_who_ends_the_scoring_and_how_far_it_is(visit, session, panel):
    panel.everybody_scores()
    gate, browser = f"/gates/{panel.gate.id}", visit(panel.call.manager)
    for path in (f"{gate}/scores/{panel.a_score(panel.otter).id}", f"{gate}/propose"):
        words = text_of(browser.get(path))
        assert (
            "The scoring still runs. Assessor One, who chairs the panel, or a programme manager ends it with “End the "
            "scoring” on the gate's page. 6 of 6 assessments are submitted; scores are due by"
        ) in words
        assert "This must be true first" not in words
    panel.take(panel.chair, "moderate")
    panel.take(panel.chair, "propose", going_on=2)
    path, sentence = f"{gate}/scores/{panel.a_score(panel.otter).id}", "The panel adjusts scores once the scoring has"
    waits = "The result is proposed and waits for an approver, who can send it back to the panel"
    session.commit()
    words = text_of(browser.get(path))
    assert [part in words for part in (sentence, waits)] == [True, True]


def test_a_step_that_happens_by_itself_says_so_to_who_posts_it(visit, session, panel):
    application, browser = panel.otter.id, visit(panel.call.manager)
    path = f"/cases/application/{application}/select"
    sentence = "This happens by itself, as a consequence of another step or at a set time: nobody presses it."
    for answer in (browser.get(path), browser.post(path, {}, on=f"/gates/{panel.gate.id}/interviews")):
        assert (answer.status_code, sentence in text_of(answer)) == (403, True)
        assert "only if" not in text_of(answer)


def test_one_press_without_scripts_keeps_every_score_that_was_typed(visit, session, panel):
    """What cannot be kept holds up nothing else, and comes back as it was typed."""
    mine = panel.assignment(panel.chair, panel.otter)
    panel.accept(mine, panel.chair)
    session.commit()
    browser, path = visit(panel.chair), f"/assignments/{mine.id}"
    first, second, third, fourth = [c.id for c in scorecard_of(session, panel.gate).criteria]
    typed = {
        f"{first}-value": "3",
        f"{first}-why": "Clear.",
        f"{second}-why": "New, but no number yet.",
        f"{third}-value": "4",
        f"{third}-why": "Much money.",
    }

    session.commit()
    answer = browser.post(f"{path}/scores", typed, on=path)

    assert (answer.status_code, errors_of(answer)) == (422, ["Choose a score from 0 to 4."])
    assert BeautifulSoup(answer.data, "html.parser").find(id=f"{second}-why").get_text() == "New, but no number yet."
    session.expire_all()
    assert kept(session, mine) == {first: (3, "Clear."), third: (4, "Much money.")}
    entries = last_entry(session, "assignment", mine.id).number
    session.commit()
    again = {**typed, f"{second}-value": "2"}
    assert browser.post(f"{path}/scores", again, on=path).status_code == 303
    session.expire_all()
    assert kept(session, mine) == {
        first: (3, "Clear."),
        second: (2, "New, but no number yet."),
        third: (4, "Much money."),
    }
    assert last_entry(session, "assignment", mine.id).number == entries + 1  # what had not changed is not written again
    assert fourth not in kept(session, mine)


@pytest.mark.both_databases
def test_an_older_window_reverts_no_newer_score_and_a_kept_one_is_not_emptied(visit, session, panel):
    """Only what a window has changed is saved; what was changed elsewhere too is said at its field, with what it is now."""
    mine = panel.assignment(panel.chair, panel.otter)
    panel.accept(mine, panel.chair)
    session.commit()
    browser, path = visit(panel.chair), f"/assignments/{mine.id}"
    first, second = [c.id for c in scorecard_of(session, panel.gate).criteria][:2]
    session.commit()

    def window() -> dict[str, str]:
        return {field["name"]: field["value"] for field in browser.page(path).select("input[name$=-seen]")}

    def save(seen: dict[str, str], **typed: tuple[str, str]) -> list[str]:
        sheet = {
            f"{name}-{field}": words
            for name, pair in typed.items()
            for field, words in zip(("value", "why"), pair, strict=True)
        }
        return errors_of(browser.post(f"{path}/scores", {**seen, **sheet}, on=path))

    assert save(window(), **{first: ("2", "Thin.")}) == []
    older = window()
    assert save(older, **{first: ("4", "I read it again.")}) == []
    assert save(older, **{first: ("2", "Thin."), second: ("3", "New.")}) == []
    session.expire_all()
    assert kept(session, mine) == {first: (4, "I read it again."), second: (3, "New.")}
    session.commit()
    assert save(older, **{first: ("1", "Thinner."), second: ("3", "New.")}) == [
        OVERTAKEN.format("4 (“I read it again.”)")
    ]
    assert len(save(window(), **{first: ("", ""), second: ("3", "New.")})) == 2
    session.expire_all()
    assert kept(session, mine)[first] == (4, "I read it again.")


@pytest.mark.both_databases
def test_a_score_that_saves_itself_overwrites_nothing_that_another_window_saved(visit, session, panel):
    mine = panel.assignment(panel.chair, panel.otter)
    panel.accept(mine, panel.chair)
    session.commit()
    browser, path = visit(panel.chair), f"/assignments/{mine.id}"
    first = scorecard_of(session, panel.gate).criteria[0].id
    session.commit()

    def save(seen: str, value: str, why: str) -> tuple[list[str], str]:
        """The sentences at the fields, and what the page then takes for saved."""
        typed = {f"{first}-seen": seen, f"{first}-value": value, f"{first}-why": why}
        answer = browser.post(f"{path}/scores/{first}", typed, on=path, headers=HTMX)
        fragment = BeautifulSoup(answer.data, "html.parser")
        faults = [fault.get_text().removeprefix("Error: ") for fault in fragment.select(".govuk-error-message")]
        assert answer.status_code == (422 if faults else 200)
        return faults, fragment.find(id=f"{first}-seen")["value"]

    empty = browser.page(path).find(id=f"{first}-seen")["value"]
    faults, ours = save(empty, "2", "Thin.")
    assert (faults, save(ours, "2", "Thin, but new.")[0]) == ([], [])
    faults, now_seen = save(ours, "1", "Thin.")
    assert faults == [OVERTAKEN.format("2 (“Thin, but new.”)")]
    assert save(now_seen, "1", "Thin.")[0] == []  # whoever has read that may insist
    session.expire_all()
    assert kept(session, mine) == {first: (1, "Thin.")}


def test_scores_that_are_not_complete_are_not_said_to_be(visit, session, panel):
    mine = panel.assignment(panel.chair, panel.otter)
    panel.accept(mine, panel.chair)
    session.commit()
    browser, path = visit(panel.chair), f"/assignments/{mine.id}"
    first = scorecard_of(session, panel.gate).criteria[0].id
    session.commit()
    browser.post(f"{path}/scores/{first}", {f"{first}-value": "3", f"{first}-why": "Good."}, on=path)
    answer = browser.post(f"{path}/submit", {}, on=path)
    assert (answer.status_code, errors_of(answer)) == (
        422,
        ["Needed first: Every criterion has a score and a reason."],
    )


def kept(session, assignment) -> dict[str, tuple[int, str]]:
    return {name: (score.value, score.reason) for name, score in scores_of(session, assignment).items()}
