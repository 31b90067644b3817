"""The handbook as pages: every workflow for everybody, and for staff how many records stand in each state."""

from __future__ import annotations

from civflow.workflows import HANDBOOK
from civflow.workflows.duties import DUTIES, TABLE
from civflow.workflows.rules import no_conflict_with_the_team
from tests.web.visitor import text_of


def test_everybody_finds_every_workflow_and_programme(come):
    links = {a["href"] for a in come().page("/handbook").select("main a")}
    assert links == {f"/handbook/{name}" for name in (*HANDBOOK, "duties", "programmes/civtech")}


def test_a_page_has_each_state_and_each_step_with_who_takes_it_and_what_must_be_true(come):
    reader, missing = come(), []
    for name, page in HANDBOOK.items():
        words = text_of(reader.get(f"/handbook/{name}"))
        expected = [state.staff for state in page.states.values()]
        for step in page.steps:
            expected += [step.button, *(rule.sentence for rule in (*step.permits, *step.requires))]
        missing += [(name, sentence) for sentence in expected if sentence not in words]
        assert words.count("It is taken on a page of its own.") == sum(step.on_its_page for step in page.steps)
    assert missing == []


def test_a_page_says_of_each_state_whom_it_waits_for_and_until_when(come):
    rows = come().page("/handbook/agreement").select("[aria-label=States] tbody tr")
    assert [(row.th.get_text(" ", strip=True), row.select("td")[1].get_text()) for row in rows] == [
        ("Being prepared begins here", "the programme managers"),
        ("Ready to sign", "the lead of the team; the challenge owners"),
        ("Signed", "the time noted as “starts”"),
        ("In force", "nobody: it may stand as it is"),
        ("Fulfilled an end", ""),
        ("Ended early an end", ""),
    ]


def test_a_page_says_what_becomes_of_the_rest_when_it_is_over(come):
    page = come().page("/handbook/place")
    heading = page.find("h2", string="What becomes of the rest when it is over")
    rows = heading.find_next("dl").select(".govuk-summary-list__row")
    assert [row.dt.get_text() for row in rows] == ["Finished", "Declined or Lapsed", "Ended early"]
    assert [li.get_text() for li in rows[0].select("li")] == [
        "Agreement: “Record as fulfilled”, by itself in the same moment.",
        "Sprint, Deliverable: stays as it is. Every sprint is done and every deliverable accepted before.",
    ]
    assert come().page("/handbook/slot").find("h2", string="What becomes of the rest when it is over") is None


def test_only_staff_read_how_many_records_there_are(come, call):
    def heads(visitor) -> list[str]:
        return [th.get_text() for th in visitor.page("/handbook/round").select("th[scope=col]")]

    assert [head for head in heads(come(call.manager)) if head not in heads(come())] == ["Records"]


def test_sealed_applications_are_counted_by_nobody(come, session, call):
    call.application(call.team("Otter Works", call.person("Priya Raeburn")))
    session.commit()

    def counted(path: str) -> list[str]:
        return [td.get_text(strip=True) for td in come(call.manager).page(path).select("td.govuk-table__cell--numeric")]

    sealed = counted("/handbook/application")
    call.wait_until(call.closes_at)
    session.commit()
    assert (set(sealed), set(counted("/handbook/application"))) == ({"0"}, {"0", "1"})


def test_an_unknown_page_names_those_that_there_are(come):
    answer = come().get("/handbook/dragon")
    assert answer.status_code == 404
    assert f"The handbook has no page “dragon”. Its pages are {', '.join(HANDBOOK)}." in text_of(answer)
    assert "There is no programme “dragon”. There are civtech." in text_of(come().get("/handbook/programmes/dragon"))


def test_the_duties_are_a_page_with_the_words_of_the_rules_that_keep_them_apart(come):
    rows = come().page("/handbook/duties").select("main tbody tr")
    read = [[cell.get_text(" ", strip=True) for cell in row.select("td")][:4] for row in rows]
    assert read == [
        [DUTIES[a.one], DUTIES[a.other], "everything" if a.towards == "site" else f"one {a.towards}", a.answer]
        for a in TABLE
    ]
    words = text_of(come().get("/handbook/duties"))
    assert no_conflict_with_the_team.sentence in words
