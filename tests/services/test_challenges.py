"""Challenges: drafting, approval, opening, questions, the archive, and what everybody can find and read."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select
from sqlmodel import col

from civflow.models import Challenge, Document, Message, Organisation, Round, StageDates
from civflow.services.challenges import archive, form, public_page, saving
from civflow.services.challenges.brief import brief_data
from civflow.services.challenges.calendar import stage_dates
from civflow.services.challenges.drafts import draft, text_in_hand, write_challenge
from civflow.services.challenges.funnel import funnels
from civflow.services.collaboration.parts import fingerprint
from civflow.services.engine.advance import advance, begin
from civflow.services.engine.deadlines import take_due_steps
from civflow.services.programmes.store import programme_of, store
from civflow.services.search import challenges
from civflow.services.search.challenges import find
from civflow.services.search.query import Wanted
from civflow.workflows.engine import CIVFLOW, NOBODY, Actor, Conflicted, Forbidden, NotFound, Refused, RoleHeld
from civflow.workflows.programme import shipped_programmes
from tests.scenes.open_call import OPEN_FOR

MANAGER = Actor(None, "Morag Sinclair", frozenset({RoleHeld("programme_manager", "site", None)}))
OWNER = Actor(None, "Hamish Drummond", frozenset({RoleHeld("challenge_owner", "site", None)}))
AUDITOR = Actor(None, "Joanna Spence", frozenset({RoleHeld("auditor", "site", None)}))
APPROVER = Actor(None, "Una Galbraith", frozenset({RoleHeld("approver", "site", None, 700_000)}))
SMALL_APPROVER = Actor(None, "Una Galbraith", frozenset({RoleHeld("approver", "site", None, 100)}))
READY = {
    "budget_holder": "A director",
    "route_to_adoption": "The service team takes it over.",
    "sponsor_time": "A day a week.",
    "data_access": "Two years of readings, under an agreement.",
    "exit_if_too_expensive": "The director decides; what was learnt is published.",
}


@pytest.fixture
def round_(session, now) -> Round:
    programme = store(session, shipped_programmes()["civtech"], now=now)
    made = Round(
        programme_id=programme.id,
        slug="a-round",
        title="A round",
        budget_pounds=1_000_000,
        starts_at=now,
        ends_at=now + timedelta(days=300),
        state="",
        since=now,
    )
    begin(session, made, actor=CIVFLOW, now=now)
    return made


@pytest.fixture
def challenge(session, round_, now) -> Challenge:
    """A draft with nothing but a title."""
    return draft(session, round_=round_, sponsor=None, title="Flooding impact", actor=OWNER, now=now)


@pytest.fixture
def written(session, challenge, now) -> Challenge:
    """A draft that can be sent for approval, and approved."""
    sections = {s.id: "Words." for s in programme_of(session, challenge).brief}
    write_challenge(
        session,
        challenge,
        sections=sections,
        question="How might we see a flood coming?",
        opens_at=now + timedelta(days=7),
        closes_at=now + timedelta(days=49),
        money_pounds=650_000,
        actor=OWNER,
        now=now,
        **READY,
    )
    return challenge


@pytest.fixture
def approved(session, written, now) -> Challenge:
    advance(session, written, "submit_for_review", actor=OWNER, now=now)
    advance(session, written, "approve", actor=APPROVER, now=now)
    return written


# Drafting


def test_addresses_are_made_of_words_and_never_taken_twice(session, round_, now):
    titles = ("Flooding: impact!", "Flooding impact", "New", "  ?  ")
    made = [draft(session, round_=round_, sponsor=None, title=t, actor=OWNER, now=now).slug for t in titles]
    assert made == ["flooding-impact", "flooding-impact-2", "new-2", "challenge"]


def test_only_an_owner_or_a_manager_begins_a_challenge(session, round_, now):
    with pytest.raises(Forbidden):
        draft(session, round_=round_, sponsor=None, title="Mine", actor=APPROVER, now=now)
    session.rollback()


def test_a_closed_round_takes_no_challenge_but_what_is_filed_from_a_public_source(session, round_, now):
    advance(session, round_, "file_as_past", actor=MANAGER, now=now)
    with pytest.raises(Refused) as refused:
        draft(session, round_=round_, sponsor=None, title="Mine", actor=OWNER, now=now)
    assert refused.value.sentences == ("The round is not closed, or the challenge is filed from a public source.",)


def test_a_challenge_needs_a_title(session, round_, now):
    with pytest.raises(Refused) as refused:
        draft(session, round_=round_, sponsor=None, title="  ", actor=OWNER, now=now)
    assert refused.value.fields == {"title": "Give the challenge a title."}


def test_what_is_written_is_kept_with_who_changed_what(session, challenge, now):
    write_challenge(session, challenge, sections={"problem": " Wet feet. "}, question="How?", actor=OWNER, now=now)
    assert text_in_hand(session, challenge).sections == {"problem": "Wet feet."}
    assert (challenge.question, challenge.revision) == ("How?", 1)
    assert not text_in_hand(session, challenge).complete


def test_a_section_that_is_too_long_is_kept_and_not_approved(session, written, now):
    write_challenge(session, written, sections={"problem": "word " * 401}, actor=OWNER, now=now)
    assert text_in_hand(session, written).complete is False
    assert form.progress_of(part(session, written, "text-problem"), values_of(session, written, "text-problem")) == (
        "Too long: 401 of 400 words",
        "stopped",
    )
    with pytest.raises(Refused):
        advance(session, written, "submit_for_review", actor=OWNER, now=now)
    with pytest.raises(Refused) as refused:
        write_challenge(session, written, sections={"problem": "word " * 400_000}, actor=OWNER, now=now)
    assert refused.value.fields == {"problem": "“The problem” has 400,000 words; it may have 400."}


@pytest.mark.parametrize(
    ("columns", "fields"),
    [
        ({"title": " "}, {"title": "Give the challenge a title."}),
        (
            {"money_pounds": 1_000_001},
            {"money_pounds": "The money must lie between £0 and the round's budget of £1,000,000."},
        ),
        (
            {"opens_at": datetime(2026, 2, 2, tzinfo=UTC), "closes_at": datetime(2026, 2, 1, tzinfo=UTC)},
            {"closes_at": "The closing date must come after the opening date."},
        ),
    ],
)
def test_what_cannot_be_is_refused_at_its_field(session, challenge, now, columns, fields):
    with pytest.raises(Refused) as refused:
        write_challenge(session, challenge, actor=OWNER, now=now, **columns)
    assert refused.value.fields == fields


def test_a_writer_cannot_set_what_is_not_the_writers(session, challenge, now):
    with pytest.raises(KeyError):
        write_challenge(session, challenge, actor=OWNER, now=now, state="open")


def test_somebody_who_saw_an_older_version_is_told_who_was_first(session, challenge, now):
    write_challenge(session, challenge, question="Mine?", actor=MANAGER, now=now)
    with pytest.raises(Conflicted) as conflicted:
        write_challenge(session, challenge, question="Yours?", seen=0, actor=OWNER, now=now)
    assert (conflicted.value.who, conflicted.value.when) == ("Morag Sinclair", now)


# The parts of a draft


def part(session, challenge, name):
    return next(p for p in form.parts_of(programme_of(session, challenge)) if p.id == name)


def values_of(session, challenge, name):
    return form.stored(session, challenge, text_in_hand(session, challenge), part(session, challenge, name))


def test_each_part_says_how_far_it_is(session, challenge):
    found = {
        p.id: form.progress_of(p, values_of(session, challenge, p.id)).words
        for p in form.parts_of(programme_of(session, challenge))
    }
    assert found["question"] == "Missing: the question, sponsor"
    assert (found["text-problem"], found["text-constraints"]) == ("Not begun", "May stay empty")


def test_a_part_is_saved_once_however_often_the_button_is_pressed(session, challenge, now):
    session.add(Organisation(legal_name="Invented Council", kind="public_body"))
    before = fingerprint(values_of(session, challenge, "question"))
    new = {"title": "Floods", "question": "How?", "sponsor": "Invented Council", "reference": "11.2"}
    chosen = part(session, challenge, "question")
    assert saving.save(session, challenge, chosen, new, seen=before, actor=OWNER, now=now)
    assert not saving.save(session, challenge, chosen, new, seen=before, actor=OWNER, now=now)
    assert values_of(session, challenge, "question") == new
    assert challenge.revision == 1


def test_two_writers_of_one_part_lose_nothing(session, challenge, now):
    chosen, before = part(session, challenge, "text-problem"), fingerprint({"problem": ""})
    saving.save(session, challenge, chosen, {"problem": "Theirs."}, seen=before, actor=MANAGER, now=now)
    with pytest.raises(Conflicted) as conflicted:
        saving.save(session, challenge, chosen, {"problem": "Mine."}, seen=before, actor=OWNER, now=now)
    assert conflicted.value.who == "Morag Sinclair"
    assert values_of(session, challenge, "text-problem") == {"problem": "Theirs."}


def test_two_writers_of_different_parts_do_not_meet(session, challenge, now):
    for name, writer in (("problem", MANAGER), ("background", OWNER)):
        chosen, before = part(session, challenge, f"text-{name}"), fingerprint({name: ""})
        saving.save(session, challenge, chosen, {name: "Words."}, seen=before, actor=writer, now=now)
    assert text_in_hand(session, challenge).sections == {"problem": "Words.", "background": "Words."}


def test_what_the_database_cannot_hold_is_refused_with_a_sentence(session, challenge, now):
    values = values_of(session, challenge, "readiness") | {"budget_holder": "x" * 201}
    seen = fingerprint(values_of(session, challenge, "readiness"))
    with pytest.raises(Refused) as refused:
        saving.save(session, challenge, part(session, challenge, "readiness"), values, seen=seen, actor=OWNER, now=now)
    sentence = "“Who holds the budget” has 201 characters; it may have 200."
    assert refused.value.fields == {"budget_holder": sentence}


# Approval


def test_an_empty_draft_cannot_be_sent_for_approval(session, challenge, now):
    with pytest.raises(Refused) as refused:
        advance(session, challenge, "submit_for_review", actor=OWNER, now=now)
    assert refused.value.sentences == (
        "The question and every required section of the brief are written, none too long.",
        "It has an opening and a closing date, and the closing date lies at least 3 weeks after the opening and after today.",
        "It says how much money there is.",
    )


def test_the_checklist_says_what_approval_needs_in_the_rules_own_words(session, challenge, now):
    assert [sentence for sentence, so in form.checklist(session, challenge, actor=OWNER, now=now) if not so] == [
        "The question and every required section of the brief are written, none too long.",
        "It has an opening and a closing date, and the closing date lies at least 3 weeks after the opening and after today.",
        "It says how much money there is.",
        "A budget holder is named.",
        "The route to adoption is written: who will use it, and who pays when it works.",
        "Named people of the sponsor have hours for the teams.",
        "Access to data is written: what teams may use and how they get at it, or that there is none.",
        "The exit is written: what the sponsor does if the solution turns out too expensive.",
    ]


LONG_ENOUGH = "It has an opening and a closing date, and the closing date lies at least 3 weeks after the opening and after today."
TIME_TO_ASK = "The last moment for questions lies ahead and after the opening, or is left to the programme."


def test_a_call_that_is_too_short_or_without_money_is_neither_sent_nor_approved(session, written, now):
    def missing() -> list[str]:
        return [sentence for sentence, so in form.checklist(session, written, actor=APPROVER, now=now) if not so]

    opens = datetime(2026, 3, 20, 9, tzinfo=UTC)
    by_the_clock = datetime(2026, 4, 10, 8, tzinfo=UTC)  # nine o'clock, three weeks later: the clocks went forward
    dates = {"opens_at": opens, "closes_at": by_the_clock, "questions_until": opens + timedelta(seconds=1)}
    write_challenge(session, written, actor=OWNER, now=now, **dates)
    assert missing() == []

    short = by_the_clock - timedelta(seconds=1)
    write_challenge(session, written, actor=OWNER, now=now, closes_at=short, money_pounds=0)
    assert missing() == [LONG_ENOUGH, "It says how much money there is."]
    with pytest.raises(Refused) as refused:
        advance(session, written, "submit_for_review", actor=OWNER, now=now)
    assert refused.value.sentences == (LONG_ENOUGH, "It says how much money there is.")

    write_challenge(session, written, actor=OWNER, now=now, closes_at=by_the_clock, money_pounds=10)
    advance(session, written, "submit_for_review", actor=OWNER, now=now)
    with pytest.raises(Refused) as refused:  # a draft that has waited past its opening
        advance(session, written, "approve", actor=APPROVER, now=opens + timedelta(seconds=1))
    assert refused.value.sentences == (LONG_ENOUGH, TIME_TO_ASK)


def test_the_checklist_of_what_is_written_is_ticked(session, written, now):
    assert all(so for _, so in form.checklist(session, written, actor=APPROVER, now=now))
    assert not all(so for _, so in form.checklist(session, written, actor=SMALL_APPROVER, now=now))


def test_an_approver_needs_a_limit_that_covers_the_money(session, written, now):
    advance(session, written, "submit_for_review", actor=OWNER, now=now)
    with pytest.raises(Refused) as refused:
        advance(session, written, "approve", actor=SMALL_APPROVER, now=now)
    assert refused.value.sentences == ("Your limit in pounds covers the challenge's money.",)


def test_the_money_of_a_round_is_spent_once(session, round_, approved, now):
    second = draft(session, round_=round_, sponsor=None, title="Second", actor=OWNER, now=now)
    sections = {s.id: "Words." for s in programme_of(session, second).brief}
    write_challenge(
        session,
        second,
        sections=sections,
        question="How?",
        opens_at=now,
        closes_at=now + OPEN_FOR,
        money_pounds=350_001,
        actor=OWNER,
        now=now,
        **READY,
    )
    advance(session, second, "submit_for_review", actor=OWNER, now=now)
    with pytest.raises(Refused) as refused:
        advance(session, second, "approve", actor=APPROVER, now=now)
    assert refused.value.sentences == ("Its money is within the round's budget.",)


def test_approval_makes_the_calendar_with_a_stage_after_the_other(session, approved):
    dates = session.scalars(
        select(StageDates).where(col(StageDates.challenge_id) == approved.id).order_by(col(StageDates.starts_at))
    ).all()
    programme = programme_of(session, approved)
    assert [d.stage for d in dates] == [s.id for s in programme.stages]
    assert [d.starts_at for d in dates[1:]] == [d.ends_at for d in dates[:-1]]
    assert (dates[0].starts_at, dates[0].ends_at) == (approved.opens_at, approved.closes_at)


# Opening and extending


def test_it_opens_by_itself_at_its_time_with_its_text_and_its_brief(session, round_, approved, now):
    advance(session, round_, "open", actor=MANAGER, now=now)
    take_due_steps(session, now=approved.opens_at - timedelta(seconds=1))
    assert approved.state == "approved"
    take_due_steps(session, now=approved.opens_at)
    session.refresh(approved)
    assert (approved.state, approved.version) == ("open", 1)
    assert text_in_hand(session, approved).published_at == approved.opens_at
    brief = session.scalars(select(Document).where(col(Document.record_id) == approved.id)).one()
    assert (brief.kind, brief.data["title"]) == ("challenge_brief", "Flooding impact")


def test_the_brief_prints_plain_data(session, call):
    data = brief_data(session, call.challenge, now=call.now)
    assert (data["reference"], data["money_pounds"], data["how_to_apply_url"]) == (
        "11.2",
        650_000,
        "/challenges/11-2-flooding-impact/apply",
    )
    assert [stage["title"] for stage in data["stages"]][:3] == ["Open call", "Sift", "Interview"]


def test_a_moved_deadline_moves_every_application_and_is_told_and_published(session, call):
    application = call.application(call.team("Otter Works", call.person("Priya Raeburn")))
    later = call.closes_at + timedelta(days=7)
    advance(
        session,
        call.challenge,
        "extend",
        actor=call.actor(call.manager),
        now=call.now,
        closes_at=later,
        reason="The notice was late.",
    )
    assert (call.challenge.closes_at, application.closes_at) == (later, later)
    told = session.scalars(select(Message).where(col(Message.key).contains("-extend-"))).one()
    assert told.address == "priya.raeburn@example.org"
    published = public_page.extensions_of(session, call.challenge)
    assert published == [public_page.Extension(call.now, later, "The notice was late.", True)]


def test_a_deadline_never_moves_backwards(session, call):
    with pytest.raises(Refused) as refused:
        advance(
            session,
            call.challenge,
            "extend",
            actor=call.actor(call.manager),
            now=call.now,
            reason="Why not",
            closes_at=call.closes_at - timedelta(days=1),
        )
    assert refused.value.sentences == ("The new closing date is later than the old one, and it has not passed.",)


def test_one_teams_deadline_is_published_without_its_name(session, call):
    application = call.application(call.team("Otter Works", call.person("Priya Raeburn")))
    later = call.closes_at + timedelta(days=1)
    advance(
        session,
        application,
        "extend",
        actor=call.actor(call.manager),
        now=call.now,
        closes_at=later,
        reason="Illness in the team.",
    )
    published = public_page.extensions_of(session, call.challenge)
    assert published == [public_page.Extension(call.now, later, "Illness in the team.", False)]


def test_a_brief_with_the_new_dates_follows_every_step_that_moves_them(session, call):
    manager, reason = call.actor(call.manager), "The notice was late."
    closing, later = call.closes_at, [call.closes_at + timedelta(days=days) for days in (7, 14, 28)]
    for at in later[:2]:
        advance(session, call.challenge, "extend", actor=manager, now=call.now, closes_at=at, reason=reason)
    call.wait_until(later[1])
    advance(session, call.challenge, "reopen", actor=manager, now=call.now, closes_at=later[2], reason=reason)
    call.challenge.state = "accelerator"  # scenery: the stages before it are over
    session.flush()
    in_time, late = (stage_dates(session, call.challenge)["demo_day"].starts_at + timedelta(days=n) for n in (0, 3))
    for now in (in_time, late):
        advance(session, call.challenge, "begin_demo_day", actor=manager, now=now)
        advance(session, call.challenge, "leave_demo_day", actor=manager, now=now, reason="Too early.")
    briefs = session.scalars(select(Document).order_by(col(Document.id))).all()
    assert [brief.data["closes_at"] for brief in briefs] == [at.isoformat() for at in (closing, *later, later[2])]
    starts = [{s["title"]: s["starts_at"] for s in brief.data["stages"]}["Demo day"] for brief in briefs[-2:]]
    assert starts == [in_time.isoformat(), late.isoformat()]
    linked = public_page.read(session, call.challenge.slug, actor=NOBODY, now=late).brief
    assert linked.document_id == briefs[-1].id


# The archive


@pytest.fixture
def civtech(session, now):
    return store(session, shipped_programmes()["civtech"], now=now)


def test_every_shipped_row_is_filed_once_with_its_source(session, civtech, now):
    rows = archive.shipped_rows()
    made, known = archive.import_rows(session, rows, programme=civtech, actor=MANAGER, now=now)
    assert (len(made), known) == (56, 0)
    assert {c.state for c in made} == {"completed"}
    assert all(c.source_url for c in made)
    assert archive.import_rows(session, rows, programme=civtech, actor=MANAGER, now=now) == ([], 56)


def test_rounds_of_the_archive_are_closed_and_the_newest_is_the_last(session, civtech, now):
    archive.import_rows(session, archive.shipped_rows(), programme=civtech, actor=MANAGER, now=now)
    rounds = session.scalars(select(Round).order_by(col(Round.starts_at).desc())).all()
    assert {r.state for r in rounds} == {"closed"}
    assert [r.slug for r in rounds[:2]] == ["archive-12", "archive-11"]


@pytest.mark.parametrize(
    ("written", "shown"),
    [
        (
            {"question": "Service management (as described by a third-party demonstrator; verify)"},
            {"question": "Service management"},
        ),
        ({"question": "More uptake (GBP 650,000)"}, {"question": "More uptake"}),
        (
            {"stage": "Contract award notice: GBP 599,859; 29 bidders, all SME"},
            {"stage": "Contract award notice: £599,859; 29 bidders, all small or medium-sized companies"},
        ),
        (
            {"title": "(challenge number not stated in source)", "winner": "Daysix"},
            {"title": "Title not known: Daysix"},
        ),
        (
            {"sponsor": "SEPA; Stirling Council (lead)"},
            {"sponsor": "Scottish Environment Protection Agency (SEPA); Stirling Council"},
        ),
        ({"number": "Wildcard"}, {"reference": ""}),
        ({"round": "2", "number": "4"}, {"reference": "2.4"}),
    ],
)
def test_what_the_writer_of_a_table_noted_for_themselves_is_not_shown(written, shown):
    row = archive.Row("", "", "A title", "", "", "", "", "https://example.org")._replace(**written)
    tidied = row.tidied({"SEPA": "Scottish Environment Protection Agency (SEPA)"})
    assert {name: getattr(tidied, name) for name in shown} == shown


def test_a_table_without_its_columns_says_which_are_missing():
    with pytest.raises(Refused) as refused:
        archive.read_rows("title,round\nA,1\n")
    assert refused.value.sentences[0].startswith("The file has no column challenge_number, question_short,")


def test_a_row_without_a_title_or_a_source_is_refused_with_its_line():
    head = ",".join(archive.COLUMNS)
    with pytest.raises(Refused) as refused:
        archive.read_rows(f"{head}\n1,,A title,,,,,https://example.org\n1,,,,,,,\n")
    assert refused.value.sentences == ("Line 3: a challenge needs a title and a source.",)


# Finding


def titles(session, wanted=None, actor=NOBODY):
    return [row.title for row in find(session, wanted or Wanted(), actor=actor).rows]


def test_a_draft_is_found_by_those_who_may_read_it_alone(session, challenge):
    assert titles(session) == []
    assert titles(session, actor=Actor(7, "Somebody", frozenset({RoleHeld("team_lead", "team", 1)}))) == []
    mine = Actor(7, "Owner", frozenset({RoleHeld("challenge_owner", "challenge", challenge.id)}))
    its_round = Actor(7, "Manager", frozenset({RoleHeld("programme_manager", "round", challenge.round_id)}))
    other = Actor(7, "Owner", frozenset({RoleHeld("challenge_owner", "challenge", 999)}))
    assert [titles(session, actor=a) for a in (mine, its_round, AUDITOR)] == [["Flooding impact"]] * 3
    assert titles(session, actor=other) == []


def test_an_approved_challenge_is_announced_by_the_clock_and_no_more_than_that(session, written, now):
    advance(session, written, "submit_for_review", actor=OWNER, now=now)
    advance(session, written, "approve", actor=APPROVER, now=now, announce_at=now + timedelta(days=1))
    assert find(session, Wanted(), actor=NOBODY).total == 0
    take_due_steps(session, now=now + timedelta(days=1))
    approved = written
    row = find(session, Wanted(), actor=NOBODY).rows[0]
    assert (row.group, row.title, row.question, row.money_pounds, row.is_readable) == (
        "soon",
        "Flooding impact",
        "",
        0,
        False,
    )
    assert titles(session, Wanted(words="see a flood")) == []
    with pytest.raises(NotFound):
        public_page.read(session, approved.slug, actor=NOBODY, now=approved.since)


def test_a_rehearsal_is_found_by_staff_alone(session, call):
    session.get_one(Round, call.challenge.round_id).rehearsal = True
    session.flush()
    assert (titles(session), titles(session, actor=MANAGER)) == ([], ["Flooding impact"])
    with pytest.raises(NotFound):
        public_page.read(session, call.challenge.slug, actor=NOBODY, now=call.now)


def test_a_list_is_searched_filtered_counted_and_sorted(session, call, civtech):
    archive.import_rows(session, archive.shipped_rows(), programme=civtech, actor=MANAGER, now=call.now)
    everything = find(session, Wanted(), actor=NOBODY)
    assert (everything.total, everything.counts["open"], everything.counts["finished"]) == (57, 1, 56)
    assert (everything.rows[0].group, len(everything.rows)) == ("open", 50)
    assert len(find(session, Wanted(page=2), actor=NOBODY).rows) == 7
    assert titles(session, Wanted(words="FLOOD impact", group="open")) == ["Flooding impact"]
    assert titles(session, Wanted(words="100%")) == titles(session, Wanted(words="_")) == []
    assert titles(session, Wanted(sponsor="NatureScot")) == ["Biodiversity credits"]
    assert find(session, Wanted(known=True), actor=NOBODY).total == 13
    by_title = titles(session, Wanted(sort="title"))
    assert by_title == sorted(by_title, key=str.lower)


def test_what_is_open_comes_first_and_closes_soonest_first(session, call):
    assert [row.title for row in challenges.joinable(session, most=10)] == ["Flooding impact"]
    assert challenges.numbers(session) == (
        {"open": 1, "soon": 0, "running": 0, "finished": 0, "preparing": 0},
        0,
    )


# What is published


def test_the_public_learns_no_number_before_a_result_is_released(session, call):
    priya = call.person("Priya Raeburn")
    application = call.application(call.team("Otter Works", priya), complete=True)
    advance(session, application, "submit", actor=call.actor(priya), now=call.now)
    call.wait_until(call.closes_at)
    found = public_page.read(session, call.challenge.slug, actor=NOBODY, now=call.now)
    assert {(s.came, s.went_on) for s in found.stages} == {(None, None)}
    assert (found.winners, found.is_preview, found.is_staff) == ([], False, False)
    staff = public_page.read(session, call.challenge.slug, actor=call.actor(call.owner), now=call.now)
    assert [s.came for s in staff.stages if s.kind == "gate"] == [1, None, None]


def test_a_draft_shows_the_stages_that_its_dates_lead_to(session, written):
    programme = programme_of(session, written)
    stages = funnels(session, [written], [programme])[written.id]
    assert [s.id for s in stages] == [s.id for s in programme.stages]
    assert (stages[0].starts_at, stages[0].ends_at) == (written.opens_at, written.closes_at)
    assert stages[-2].money_pounds == 650_000


def test_a_draft_without_dates_has_no_stages(session, challenge):
    assert funnels(session, [challenge], [programme_of(session, challenge)]) == {challenge.id: []}
