"""Documents on the web: who reads which, what the browser is told about them, and what is said before they are made."""

from __future__ import annotations

import pytest
from sqlalchemy import select
from sqlmodel import col

from civflow.models import Agreement, Document, Round
from civflow.services.applications.submission import submit
from civflow.services.documents import store as documents
from civflow.services.engine.advance import advance
from tests.scenes.open_call import grant, place_of
from tests.web.visitor import HTMX, Visitor, text_of

PDF = b"%PDF-1.7 invented"


@pytest.fixture
def people(session, call) -> dict:
    """One of each: who they are, by what they are."""
    roles = ("approver", "finance_officer", "auditor", "assessor")
    found = {role: call.person(role.replace("_", " ").title()) for role in roles}
    for role, person in found.items():
        grant(session, person, role, call.now)
    lead = call.person("Priya Raeburn")
    call.team("Another team", call.person("A rival"))
    rival = call.person("Another rival")
    return found | {"manager": call.manager, "owner": call.owner, "lead": lead, "rival": rival}


def brief_of(session, call) -> Document:
    return session.scalars(select(Document).where(col(Document.kind) == "challenge_brief")).one()


def make(session, call, settings, document, content=PDF) -> Document:
    documents.keep(session, document, content, files=settings.files, now=call.now)
    session.commit()
    return document


def statuses(app, session, call, people, path) -> dict[str, int]:
    found = {
        name: Visitor(app).sign_in(session, person, now=call.now).get(path).status_code
        for name, person in people.items()
    }
    return found | {"nobody": Visitor(app).get(path).status_code}


def those_who_read(found: dict[str, int]) -> set[str]:
    assert set(found.values()) <= {200, 404}
    return {name for name, status in found.items() if status == 200}


# Who reads what


def test_a_brief_is_open_to_everybody(app, session, call, settings, people):
    brief = make(session, call, settings, brief_of(session, call))
    assert set(statuses(app, session, call, people, f"/documents/{brief.id}.pdf").values()) == {200}


def test_the_brief_of_a_rehearsal_is_read_by_staff_alone(app, session, call, settings, people):
    brief = make(session, call, settings, brief_of(session, call))
    session.get_one(Round, call.challenge.round_id).rehearsal = True
    session.commit()
    found = statuses(app, session, call, people, f"/documents/{brief.id}.pdf")
    assert those_who_read(found) == {"manager", "owner", "approver", "auditor"}


@pytest.fixture
def receipt(session, call, settings, people) -> Document:
    application = call.application(call.team("Otter Works", people["lead"]), complete=True)
    submit(session, application, actor=call.actor(people["lead"]), now=call.now)
    made = session.scalars(select(Document).where(col(Document.kind) == "receipt")).one()
    return make(session, call, settings, made)


def test_a_receipt_holds_the_words_so_only_the_team_reads_it_before_the_deadline(app, session, call, people, receipt):
    found = statuses(app, session, call, people, f"/documents/{receipt.id}.pdf")
    assert those_who_read(found) == {"lead"}


def test_after_the_deadline_an_auditor_reads_it_too(app, session, call, people, receipt):
    call.wait_until(call.closes_at)
    session.commit()
    found = statuses(app, session, call, people, f"/documents/{receipt.id}.pdf")
    assert those_who_read(found) == {"lead", "auditor"}


def test_a_letter_is_read_by_the_team_and_those_who_run_the_challenge(app, session, call, settings, people):
    application = call.application(call.team("Otter Works", people["lead"]))
    letter = documents.ask(
        session,
        kind="outcome_letter",
        key="letter",
        title="Your outcome",
        workflow="application",
        record_id=application.id,
        data={},
        now=call.now,
    )
    make(session, call, settings, letter)
    found = statuses(app, session, call, people, f"/documents/{letter.id}.pdf")
    assert those_who_read(found) == {"lead", "manager", "owner", "auditor"}


def test_an_agreement_is_read_by_both_sides_and_by_finance(app, session, call, settings, people):
    application = call.application(call.team("Otter Works", people["lead"]), complete=True)
    lead = call.actor(people["lead"])
    submit(session, application, actor=lead, now=call.now)
    call.wait_until(call.closes_at)
    call.goes_on(application, "interview", "exploration")
    advance(session, place_of(session, application), "accept", actor=lead, now=call.now)
    agreement = session.scalars(select(Agreement)).one()
    made = make(session, call, settings, session.get_one(Document, agreement.document_id))
    found = statuses(app, session, call, people, f"/documents/{made.id}.pdf")
    assert those_who_read(found) == {"lead", "owner", "manager", "finance_officer", "auditor"}


def test_a_document_that_is_not_there_reads_like_one_that_is_hidden(app, session, call, people, receipt):
    rival = Visitor(app).sign_in(session, people["rival"], now=call.now)
    hidden, missing = (text_of(rival.get(f"/documents/{n}")) for n in (receipt.id, receipt.id + 1000))
    assert hidden == missing


# What the browser is told


def test_a_private_pdf_is_kept_by_nobody(app, session, call, people, receipt):
    answer = Visitor(app).sign_in(session, people["lead"], now=call.now).get(f"/documents/{receipt.id}.pdf")
    assert answer.data == PDF
    assert {
        name: answer.headers[name]
        for name in ("Content-Type", "Content-Disposition", "Cache-Control", "X-Content-Type-Options")
    } == {
        "Content-Type": "application/pdf",
        "Content-Disposition": "inline; filename=Receipt-1-0001.pdf",
        "Cache-Control": "private, no-store",
        "X-Content-Type-Options": "nosniff",
    }


def test_a_public_pdf_may_be_kept_and_asked_for_by_its_fingerprint(visitor, session, call, settings):
    brief = make(session, call, settings, brief_of(session, call))
    answer = visitor.get(f"/documents/{brief.id}.pdf")
    assert answer.headers["Cache-Control"] == "public, max-age=86400"
    assert answer.headers["ETag"] == f'"{brief.content_hash}"'
    again = visitor.get(f"/documents/{brief.id}.pdf", headers={"If-None-Match": answer.headers["ETag"]})
    assert (again.status_code, again.data) == (304, b"")


# Before it is made, and when it is lost


def test_before_it_is_made_the_page_says_so_and_asks_again(visitor, session, call):
    brief = brief_of(session, call)
    early = visitor.get(f"/documents/{brief.id}.pdf")
    assert (early.status_code, early.headers["Location"]) == (303, f"/documents/{brief.id}")
    page = visitor.page(f"/documents/{brief.id}")
    place = page.select_one("#document")
    assert "The document is being made." in place.get_text()
    assert (place["hx-get"], place.a["href"]) == (f"/documents/{brief.id}", f"/documents/{brief.id}")


def test_the_page_says_how_many_are_made_first_where_they_are_many(visitor, session, call):
    first = brief_of(session, call)
    more = [
        documents.ask(
            session,
            kind="challenge_brief",
            key=f"brief-{number}",
            title="Brief",
            workflow="challenge",
            record_id=call.challenge.id,
            data={},
            now=call.now,
        )
        for number in range(10)
    ]
    session.commit()
    said = [visitor.page(f"/documents/{one.id}").select("#document p")[1].get_text() for one in (first, *more[-2:])]
    assert [words.partition(" You may leave")[0] for words in said] == [
        "It usually takes a few seconds.",
        "It usually takes a few seconds.",
        "10 documents that were asked for before are made first.",
    ]


def test_once_it_is_made_the_fragment_has_the_link(visitor, session, call, settings):
    brief = make(session, call, settings, brief_of(session, call))
    answer = visitor.get(f"/documents/{brief.id}", headers=HTMX)
    assert answer.text.lstrip().startswith('<div id="document" data-announce=')
    assert f"/documents/{brief.id}.pdf" in answer.text
    assert brief.content_hash in answer.text


@pytest.mark.parametrize("harm", ["lost", "changed"])
def test_a_file_that_is_lost_or_changed_is_never_handed_out(visitor, session, call, settings, harm):
    brief = make(session, call, settings, brief_of(session, call))
    path = settings.files / brief.path
    path.unlink() if harm == "lost" else path.write_bytes(PDF + b"!")
    answer = visitor.get(f"/documents/{brief.id}.pdf")
    assert (answer.status_code, "missing on our side" in text_of(answer)) == (404, True)
