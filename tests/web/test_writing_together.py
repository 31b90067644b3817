"""Several people of several bodies write one draft: who names whom, who is here, and what they say to each other."""

from __future__ import annotations

from datetime import timedelta

import pytest
from bs4 import BeautifulSoup
from sqlalchemy import select
from sqlmodel import col

from civflow.models import Challenge, Comment, Grant, Message, Organisation, Person, Presence, Round, SupportingSponsor
from civflow.services import people
from civflow.services.challenges.brief import brief_data
from civflow.services.challenges.drafts import draft
from civflow.services.challenges.versions import begin_change, write_change
from civflow.services.challenges.writers import TOO_MANY
from civflow.services.engine.advance import advance
from civflow.services.people import roles
from civflow.services.search.challenges import find
from civflow.services.search.query import wanted_of
from civflow.workflows.engine import CIVFLOW, NOBODY
from civflow.workflows.people import WHO_NAMES
from tests.scenes.open_call import Call, grant, open_call
from tests.web.visitor import HTMX, Visitor, errors_of, text_of


def with_another_body(call: Call) -> None:
    call.session.add(Organisation(legal_name="NHS Invented", kind="public_body"))


def drafted(call: Call) -> Challenge:
    """A challenge of Invented Council, whose owner is Hamish Drummond."""
    session = call.session
    made = draft(
        session,
        round_=session.get_one(Round, call.challenge.round_id),
        title="Secret plans",
        now=call.now,
        sponsor=session.get(Organisation, call.challenge.sponsor_id),
        actor=call.actor(call.manager),
    )
    grant(session, call.owner, "challenge_owner", call.now, scope="challenge", scope_id=made.id)
    return made


@pytest.fixture
def call(scenes) -> Call:
    return scenes.play(open_call, with_another_body)


@pytest.fixture
def a_draft(scenes, call) -> Challenge:
    return scenes.play(drafted)


EDIT = "/challenges/secret-plans/edit"
PEOPLE = f"{EDIT}/people"
OR_ASK = "Name somebody else, or ask them to leave the team first."


def body(session, name) -> Organisation:
    return one(session, select(Organisation).where(col(Organisation.legal_name) == name))


def one(session, query):
    """What the database has now; the session is let go, so that the site can write."""
    found = session.scalars(query, execution_options={"populate_existing": True}).one()
    session.commit()
    return found


def ailsa_grant(session) -> Person | None:
    found = people.person_by_email(session, "ailsa@nhs.example.org")
    session.commit()
    return found


def named(owner, session, **typed) -> dict:
    """What an owner types to name Ailsa Grant of NHS Invented, which supports the challenge."""
    owner.post(f"{PEOPLE}/sponsors", {"supporter": "nhs invented"}, on=PEOPLE)
    return {"email": "ailsa@nhs.example.org", "name": "Ailsa Grant", "body": body(session, "NHS Invented").id} | typed


@pytest.fixture
def owner(come, call, a_draft) -> Visitor:
    return come(call.owner)


@pytest.fixture
def ailsa(app, session, call, owner) -> Visitor:
    """A colleague of another body, who writes too."""
    assert owner.post(f"{PEOPLE}/writers", named(owner, session), on=PEOPLE).status_code == 303
    return Visitor(app).sign_in(session, ailsa_grant(session), now=call.now)


# Sponsors


def test_a_challenge_has_one_sponsor_that_leads_and_any_number_that_support_it(owner, session, call, a_draft):
    add = f"{PEOPLE}/sponsors"
    assert errors_of(owner.post(add, {"supporter": "NHS Inventd"}, on=PEOPLE)) == [
        "No sponsor is called “NHS Inventd” here. Is it “NHS Invented”? If not, ask the programme office to add it."
    ]
    assert owner.post(add, {"supporter": "nhs invented"}, on=PEOPLE).status_code == 303
    for name in ("NHS Invented", "Invented Council"):
        assert errors_of(owner.post(add, {"supporter": name}, on=PEOPLE)) == [
            f"{name} is a sponsor of this challenge already."
        ]
    assert "Invented Council leads, NHS Invented supports." in text_of(owner.get(EDIT))
    assert "Supported by NHS Invented" in text_of(owner.get("/challenges/secret-plans"))
    session.expire_all()
    assert brief_data(session, a_draft, now=a_draft.since)["supporters"] == ["NHS Invented"]
    seen_by = {
        who.id: [row.title for row in find(session, wanted_of({"q": "nhs invented"}), actor=who).rows]
        for who in (NOBODY, call.actor(call.owner))
    }
    session.commit()
    assert seen_by == {None: [], call.owner.id: ["Secret plans"]}
    supporter = one(session, select(SupportingSponsor))
    assert owner.post(add, {"leaves": supporter.organisation_id}, on=PEOPLE).status_code == 303
    assert session.scalars(select(SupportingSponsor)).all() == []


# Who writes


@pytest.mark.both_databases
def test_an_owner_names_a_colleague_without_an_account_who_opens_one_with_the_link(app, owner, session, call):
    answer = owner.post(f"{PEOPLE}/writers", named(owner, session), on=PEOPLE)
    assert answer.status_code == 303
    person = ailsa_grant(session)
    told = one(session, select(Message).where(col(Message.person_id) == person.id))
    assert told.subject == "Hamish Drummond asks you to write “Secret plans” with them"
    link = told.about
    colleague = Visitor(app)
    assert colleague.post(link.split("?")[0], {"then": EDIT}, on=link).headers["Location"] == EDIT
    assert "NHS Invented supports" in text_of(colleague.get(EDIT))
    assert "Write “Secret plans”" in text_of(colleague.get("/"))
    again = Visitor(app).get(link)
    assert (again.status_code, "It has been used: it works once." in text_of(again)) == (410, True)
    late = people.make_link(session, person, now=call.now, lasts=timedelta(days=14))
    session.commit()
    call.now += timedelta(days=14)
    told = text_of(Visitor(app).get(f"/sign-in/{late}"))
    assert "It worked until Monday 19 January 2026, 12 noon (UK time), now." in told


def test_a_writer_writes_and_no_more(ailsa, owner, session, call, a_draft):
    path = f"{EDIT}/text-problem"
    page = ailsa.page(path)
    typed = {"problem": "Wet feet.", "seen": page.select_one("#seen")["value"]}
    assert ailsa.post(path, typed, on=path).status_code == 303
    for refused in (f"{PEOPLE}/writers", f"{PEOPLE}/sponsors", PEOPLE):
        typed = {"email": call.manager.email, "supporter": "x", "body": "1", "name": "X"}
        assert (refused, ailsa.post(refused, typed, on=path).status_code) == (refused, 403)
    send = f"/cases/challenge/{a_draft.id}/submit_for_review"
    assert ailsa.post(send, {}, on=path).status_code == 403
    assert ailsa.get("/challenges/new").status_code == 403

    question = f"{EDIT}/question"
    form = ailsa.page(question).select_one("form[data-autosave]")
    assert (form.select_one("input[name=sponsor]"), form.select_one("#sponsor p").get_text()) == (
        None,
        "Invented Council. A challenge owner names it, or the programme office does.",
    )
    typed = {"title": "Secret plans", "question": "How?", "reference": "", "seen": form.select_one("#seen")["value"]}
    assert errors_of(ailsa.post(question, typed | {"sponsor": "NHS Invented"}, on=question)) == [WHO_NAMES]
    assert ailsa.post(question, typed, on=question).status_code == 303
    session.refresh(a_draft)
    assert (a_draft.question, a_draft.sponsor_id) == ("How?", call.challenge.sponsor_id)


def test_taking_the_right_back_leaves_a_trace(ailsa, owner, session, call):
    person = ailsa_grant(session)
    kept = owner.post(f"{PEOPLE}/sponsors", {"leaves": body(session, "NHS Invented").id}, on=PEOPLE)
    assert errors_of(kept) == ["Somebody writes for this body. Take that right back first, below."]
    assert owner.post(f"{PEOPLE}/writers", {"leaves": person.id}, on=PEOPLE).status_code == 303
    assert ailsa.get(EDIT).status_code == 404
    held = one(session, select(Grant).where(col(Grant.role) == "challenge_writer"))
    assert (held.revoked_at, held.revoked_by_id, held.granted_by_id) == (call.now, call.owner.id, call.owner.id)
    assert "Ailsa Grant, NHS Invented: until Monday 5 January 2026" in text_of(owner.get(PEOPLE))
    assert "when Hamish Drummond took the right back" in text_of(owner.get(PEOPLE))


def test_what_is_missing_is_told_at_its_field(owner, session, call):
    typed, auditor = named(owner, session), call.person("Una Galbraith")
    grant(session, auditor, "auditor", call.now)
    session.commit()
    for change, sentence in (
        ({"email": "ailsa"}, "Write the e-mail address of a colleague, such as name@example.org."),
        (
            {"name": " "},
            "Nobody has an account with the address ailsa@nhs.example.org. Write their name, so that they get one.",
        ),
        ({"body": ""}, "Choose the body for which they write. A supporting sponsor is named first, above."),
        ({"email": call.owner.email}, "Hamish Drummond writes this challenge already."),
        ({"name": "Win at www.example.org"}, "Write a name alone, without the address of a page."),
        (
            {"email": auditor.email},
            "Una Galbraith is an auditor: they read everything and change nothing. Name somebody else.",
        ),
    ):
        answer = owner.post(f"{PEOPLE}/writers", typed | change, on=PEOPLE)
        assert (answer.status_code, errors_of(answer)) == (422, [sentence])
    assert ailsa_grant(session) is None
    assert session.scalars(select(Person).where(col(Person.name) == "Ailsa Grant")).all() == []


SEALED = (
    "Who applies stays sealed until Monday 2 February 2026, 12 noon (UK time), and an answer here could tell. Until then the "
    "programme office names people."
)


def test_nobody_writes_a_challenge_to_which_their_team_applies(app, session, call):
    priya, people_page = call.person("Priya Raeburn"), f"/challenges/{call.challenge.slug}/edit/people"
    application = call.application(call.team("Otters", priya), complete=True)
    typed = {"email": priya.email, "body": call.challenge.sponsor_id}
    for email in (priya.email, "nobody@example.org"):  # the same to both: an owner learns from it of no application
        owner = Visitor(app).sign_in(session, call.owner, now=call.now)
        assert errors_of(owner.post(f"{people_page}/writers", {**typed, "email": email}, on=people_page)) == [SEALED]
    manager = Visitor(app).sign_in(session, call.manager, now=call.now)
    # A refusal would tell that she applies: the role is given like any other, and sleeps.
    assert manager.post(f"{people_page}/writers", typed, on=people_page).status_code == 303
    assert not call.actor(priya).holds("challenge_writer", {"challenge": call.challenge.id})
    advance(session, application, "submit", actor=call.actor(priya), now=call.now)
    roles.revoke(
        session, priya, "challenge_writer", actor=CIVFLOW, now=call.now, scope="challenge", scope_id=call.challenge.id
    )
    session.commit()
    call.wait_until(call.closes_at)
    session.commit()
    manager = Visitor(app).sign_in(session, call.manager, now=call.now)
    assert errors_of(manager.post(f"{people_page}/writers", typed, on=people_page)) == [
        f"Priya Raeburn belongs to a team that applies to this challenge, and nobody does both. {OR_ASK}"
    ]


def test_twenty_writers_are_named_in_a_day_and_no_more(owner, session, call, a_draft):
    typed = named(owner, session)
    for _ in range(20):
        grant(
            session,
            call.manager,
            "challenge_writer",
            call.now,
            scope="challenge",
            scope_id=call.challenge.id,
            granted_by_id=call.owner.id,
            revoked_at=call.now,
        )
    session.commit()
    assert errors_of(owner.post(f"{PEOPLE}/writers", typed, on=PEOPLE)) == [TOO_MANY]
    call.now += timedelta(days=1)
    owner.sign_in(session, call.owner, now=call.now)
    assert owner.post(f"{PEOPLE}/writers", typed, on=PEOPLE).status_code == 303


# Who is here


def here(visitor, path=EDIT) -> str:
    return " ".join(visitor.page(path).select_one("#here").get_text(" ").split())


@pytest.mark.both_databases
def test_everybody_reads_who_else_is_here_until_some_minutes_have_passed(owner, ailsa, session, call):
    part = f"{EDIT}/text-background"
    ailsa.page(part)
    assert here(owner) == "Who else is here Ailsa Grant (NHS Invented) is reading Background, now"
    ailsa.post(
        part, {"background": "Tried.", "seen": ailsa.page(part).select_one("#seen")["value"]}, on=part, headers=HTMX
    )
    call.now += timedelta(minutes=1)
    poll = owner.page(EDIT).select_one("#here")["hx-get"]
    assert here(owner) == "Who else is here Ailsa Grant (NHS Invented) is writing in Background, 1 minute ago"
    polled = BeautifulSoup(owner.get(poll).data, "html.parser").select_one("#here")
    assert "data-announce" not in polled.attrs  # nobody has moved
    assert polled["hx-trigger"] == "every 8s"  # more often while somebody else is here
    ailsa.get(f"{EDIT}/here?part=")  # another window of hers, with the list of parts
    assert here(owner) == "Who else is here Ailsa Grant (NHS Invented) is writing in Background, 1 minute ago"
    call.now += timedelta(minutes=6)
    gone = BeautifulSoup(owner.get(poll).data, "html.parser").select_one("#here")
    assert (gone["data-announce"], gone["hx-trigger"]) == ("Nobody else is here any more.", "every 20s")
    assert len(session.scalars(select(Presence)).all()) == 1  # what is over is forgotten
    session.commit()
    ailsa.get(f"{EDIT}/here?part=on+strike")
    assert here(owner) == "Who else is here Ailsa Grant (NHS Invented) looks at the list of parts, now"
    call.now += timedelta(seconds=10)
    ailsa.get(f"{EDIT}/here?part=")  # so soon again: nothing is written down
    call.now += timedelta(seconds=50)
    assert here(owner) == "Who else is here Ailsa Grant (NHS Invented) looks at the list of parts, 1 minute ago"
    owner.client.delete_cookie("civflow_sign_in")
    assert (owner.get(poll).status_code, owner.get(poll).text) == (286, "")  # an open page is never led away from


# Comments


def comments(visitor, path) -> list[str]:
    return [" ".join(a.get_text(" ").split()) for a in visitor.page(path).select(".app-comments__thread")]


def test_a_part_is_commented_on_answered_settled_and_opened_again(owner, ailsa, manager, session, call):
    page = f"{EDIT}/text-problem/comments"
    said = ailsa.post(page, {"text": "Is it <b>only</b> Leith?"}, on=page)
    assert said.headers["Location"] == f"{page}#comments"
    thread = one(session, select(Comment)).id
    owner.post(page, {"text": "No.", "answers": thread}, on=page)
    assert "1 open comment" in text_of(owner.get(EDIT))
    assert "<b>only</b>" not in owner.get(page).text  # it is shown as words
    owner.post(page, {"settles": thread}, on=page)
    assert "1 open comment" not in text_of(owner.get(EDIT))
    call.now += timedelta(hours=1)
    manager.post(page, {"text": "Say so.", "answers": thread}, on=page)  # which opens it again
    [words] = comments(ailsa, f"{EDIT}/text-problem")
    assert [
        w
        for w in (
            "Is it <b>only</b> Leith?",
            "No.",
            "Hamish Drummond settled this",
            "Morag Sinclair opened this again",
            "Say so.",
        )
        if w not in words
    ] == []
    far = ailsa.post(page, {"text": "x" * 2001, "answers": thread}, on=page, headers=HTMX)
    assert (
        far.status_code,
        "The comment has 2,001 characters; it may have 2,000." in far.text,
        "x" * 2001 in far.text,
    ) == (422, True, True)
    assert ailsa.post(f"{EDIT}/text-background/comments", {"settles": thread}, on=page).status_code == 404
    lost = ailsa.post(page, {"text": "To whom?", "answers": "x"}, on=page)
    assert (lost.status_code, "To whom?" in lost.text, len(comments(ailsa, page))) == (422, True, 1)


def test_an_own_comment_is_taken_back_until_somebody_else_speaks_and_its_words_are_kept(owner, ailsa, session, call):
    page = f"{EDIT}/text-problem/comments"
    ailsa.post(page, {"text": "A slip."}, on=page)
    thread = one(session, select(Comment)).id
    assert [len(v.page(page).select("[name=takes_back]")) for v in (ailsa, owner)] == [1, 0]
    assert owner.post(page, {"takes_back": thread}, on=page).status_code == 422  # it is not theirs
    assert ailsa.post(page, {"takes_back": thread}, on=page).status_code == 303
    read = [text_of(v.get(page)) for v in (ailsa, owner)]
    assert [("A slip." in text, "Ailsa Grant took this comment back" in text) for text in read] == [(False, True)] * 2
    assert owner.page(page).select("[name=reopens], [name=settles]") == []
    assert owner.post(page, {"reopens": thread}, on=page).status_code == 422
    late = owner.post(page, {"answers": thread, "text": "What was it?"}, on=page)
    assert (late.status_code, "What was it?" in text_of(late)) == (422, True)
    kept = session.execute(select(Comment.kind, Comment.text).order_by(Comment.id)).all()
    assert kept == [("comment", "A slip."), ("resolved", "taken back")]
    session.commit()

    ailsa.post(page, {"text": "Another."}, on=page)
    second = session.scalars(select(Comment.id).where(Comment.text == "Another.")).one()
    session.commit()
    owner.post(page, {"text": "An answer.", "answers": second}, on=page)
    refused = ailsa.post(page, {"takes_back": second}, on=page)
    assert (refused.status_code, "Another." in text_of(ailsa.get(page))) == (422, True)
    assert "Somebody else has said something about this comment, so it stays." in refused.text


def test_comments_are_told_once_and_read_by_those_who_write_or_approve_alone(app, owner, ailsa, session, call, a_draft):
    page = f"{EDIT}/text-problem/comments"
    for words in ("One.", "Two.", "Three."):
        ailsa.post(page, {"text": words}, on=page)
    told = select(Message.person_id, Message.not_before).where(col(Message.key).startswith("comments-"))
    assert session.execute(told).all() == [(call.owner.id, call.now + timedelta(minutes=10))]
    stranger = call.person("Priya Raeburn")
    session.commit()
    visitor = Visitor(app).sign_in(session, stranger, now=call.now)
    assert (visitor.get(page).status_code, visitor.get(f"{EDIT}/here").status_code) == (404, 404)
    assert "One." not in text_of(owner.get("/challenges/secret-plans"))


def test_whoever_may_comment_no_longer_is_told_of_no_comment(ailsa, owner, manager, session, call):
    page, gone = f"{EDIT}/text-problem/comments", ailsa_grant(session)
    ailsa.post(page, {"text": "One."}, on=page)
    manager.post(page, {"text": "Two."}, on=page)
    owner.post(f"{PEOPLE}/writers", {"leaves": gone.id}, on=PEOPLE)
    call.now += timedelta(hours=1)
    owner.post(page, {"text": "Three."}, on=page)
    told = select(Person.name).join(Message, col(Message.person_id) == col(Person.id))
    told = told.where(col(Message.key).like(f"comments-%{call.now:%Y%m%d%H%M%S%f}"))
    assert session.scalars(told).all() == ["Morag Sinclair"]


def test_a_change_of_an_open_challenge_is_not_read_on_the_pages_of_its_draft(app, session, call):
    writer, actor = call.person("Ailsa Munro"), call.actor(call.owner)
    grant(session, writer, "challenge_writer", call.now, scope="challenge", scope_id=call.challenge.id)
    begin_change(session, call.challenge, why="A second gauge.", actor=actor, now=call.now)
    write_change(
        session, call.challenge, actor=actor, now=call.now, sections={"problem": "Unpublished."}, question="How?"
    )
    edit = f"/challenges/{call.challenge.slug}/edit"
    visitor = Visitor(app).sign_in(session, writer, now=call.now)
    read = visitor.page(f"{edit}/text-problem/comments").select_one(".app-comments__words")
    late = visitor.post(f"{edit}/text-problem", {"problem": "x", "seen": ""}, on=f"{edit}/text-problem/comments")
    assert (read.get_text(), late.status_code, "Unpublished." in late.text) == ("Words.", 409, False)


def test_the_criteria_are_read_as_teams_will_read_them_and_changed_by_the_programme_office(owner, session, call):
    page = text_of(owner.get(f"{EDIT}/criteria"))
    assert "Solves the challenge The idea would change what the challenge describes. 40%" in page
    assert "The scorecards are the programme’s: they are the same for every challenge of A round" in page
    listed = [a.get_text() for a in owner.page(EDIT).select(".govuk-task-list__link")]
    assert listed == [
        "Title and question",
        "The problem",
        "Background",
        "Why it needs solving now",
        "Who benefits",
        "Constraints",
        "Data and people on offer",
        "Themes and place",
        "Readiness",
        "Dates and money",
        "Criteria",
        "Who writes it",
    ]
