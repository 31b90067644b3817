"""The pages before an approval: changes asked for part by part, and the scoring that nobody reads too early."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import select
from sqlmodel import col

from civflow.models import Person, Round
from civflow.services.challenges.drafts import draft, write_challenge
from civflow.services.challenges.review import SAY_HOW, open_changes
from civflow.services.engine.advance import advance
from civflow.services.programmes.store import programme_of
from tests.scenes.open_call import grant
from tests.web.visitor import Visitor, an_app, errors_of, text_of

PAGE = "/challenges/11-3-ghost-gear"


@pytest.fixture
def sent(session, call):
    """A challenge that waits for approval, with Ada and Callum named to score it."""
    manager = call.actor(call.manager)
    challenge = draft(
        session,
        round_=session.get_one(Round, call.challenge.round_id),
        sponsor=None,
        title="Ghost gear",
        reference="11.3",
        question="How might we find lost nets?",
        actor=manager,
        now=call.now,
    )
    grant(session, call.owner, "challenge_owner", call.now, scope="challenge", scope_id=challenge.id)
    sections = {section.id: "Our words." for section in programme_of(session, challenge).brief}
    write_challenge(
        session,
        challenge,
        actor=manager,
        now=call.now,
        sections=sections,
        money_pounds=9_000,
        budget_holder="A director",
        opens_at=call.now + timedelta(days=40),
        closes_at=call.now + timedelta(days=80),
        data_access="<script>alert(1)</script> & <b>readings</b>",
    )
    advance(session, challenge, "submit_for_review", actor=call.actor(call.owner), now=call.now)
    for name in ("Ada Innes", "Callum Reid"):
        advance(session, challenge, "name_a_scorer", actor=manager, now=call.now, person_id=call.person(name).id)
    return challenge


@pytest.fixture
def sign_in(settings, engine, session, call, sent):
    app = an_app(settings, engine, lambda: call.now)
    people = {"owner": call.owner, "manager": call.manager}

    def visitor(name: str) -> Visitor:
        person = people.get(name) or session.scalars(select(Person).where(col(Person.name) == name)).one()
        return Visitor(app).sign_in(session, person, now=call.now)

    return visitor


def test_reasons_are_written_beside_the_parts_and_read_there_by_the_sponsor(sign_in, session, sent):
    manager, owner, page = sign_in("manager"), sign_in("owner"), f"{PAGE}/request-changes"
    typed = {"question": "Say <b>where</b> the nets are.", "readiness": "x" * 2_000_000, "seen": str(sent.revision)}
    session.commit()
    refused = manager.post(page, typed, on=page)
    assert refused.status_code == 422
    assert errors_of(refused) == ["“Readiness” has 2,000,000 characters here; a reason may have 500."]
    assert refused.text.count("Say &lt;b&gt;where&lt;/b&gt; the nets are.</textarea>") == 1
    assert owner.get(page).status_code == 403

    typed["readiness"] = "Name the two people.\r\n•\u00a0and their hours"
    assert manager.post(page, typed, on=page).status_code == 303
    drafts = owner.page(f"{PAGE}/edit")
    marks = [item.find_previous("a").text for item in drafts.select(".app-asked__mark")]
    assert marks == ["Title and question", "Readiness"]
    reasons = [item.text for item in owner.page(f"{PAGE}/edit/readiness").select(".app-asked__reason")]
    assert reasons == ["Name the two people.\n- and their hours"]

    first, second = (asked.change.id for asked in open_changes(session, sent))
    session.commit()
    long = owner.post(f"{PAGE}/asked-changes/{first}", {"how": "y" * 501}, on=f"{PAGE}/edit")
    assert errors_of(long) == ["“What you did about it, or why nothing” may have 500 characters; it has 501."]
    assert "y" * 501 in long.text
    silent = owner.post(f"{PAGE}/asked-changes/{first}", {"how": ""}, on=f"{PAGE}/edit")
    assert (silent.status_code, errors_of(silent)) == (422, [SAY_HOW])
    assert owner.post(f"{PAGE}/asked-changes/{first}", {"how": "Done."}, on=f"{PAGE}/edit").status_code == 303
    assert manager.post(f"{PAGE}/asked-changes/999", {}, on=f"{PAGE}/edit").status_code == 404
    assert [asked.change.id for asked in open_changes(session, sent)] == [second]


def test_an_approved_text_says_how_it_can_be_written_again(sign_in, session, sent):
    def told_people() -> str:
        return sign_in("owner").page(f"{PAGE}/edit").select_one("div.govuk-inset-text").get_text(" ", strip=True)

    session.commit()
    assert told_people() == "The text cannot be changed in this state. What you can do instead is below."
    sent.state = "approved"
    session.commit()
    assert told_people() == (
        "The text cannot be changed in this state. If something has to change before it opens, the programme office can "
        "do that by “Take the approval back”: the text can be written again then, and has to be approved again. What "
        "you can do instead is below."
    )


def test_a_scorer_reads_the_draft_and_their_own_scores_and_the_others_when_all_have_scored(
    sign_in, sent, session, call
):
    page, ada, callum, owner = f"{PAGE}/scoring", sign_in("Ada Innes"), sign_in("Callum Reid"), sign_in("owner")
    draft_read = ada.get(page)
    assert "&lt;script&gt;alert(1)&lt;/script&gt; &amp; &lt;b&gt;readings&lt;/b&gt;" in draft_read.text
    assert [ada.get(path).status_code for path in (PAGE, f"{PAGE}/edit")] == [200, 403]

    half = {"importance-score": "3", "importance-reason": "Seals die.", "seen": str(sent.revision)}
    session.commit()
    refused = ada.post(page, half, on=page)
    assert (refused.status_code, len(errors_of(refused))) == (422, 8)
    assert ("Seals die.</textarea>" in refused.text, refused.text.count(" checked")) == (True, 1)

    seen = ada.page(page).select_one("#kept")["value"]
    kept = ada.post(f"{page}/keep", {**half, "kept": seen}, on=page)
    assert (kept.status_code, kept.headers["Location"]) == (303, "/")
    again = ada.page(page)
    assert again.select_one("#importance-reason").text.strip() == "Seals die."
    assert [radio["value"] for radio in again.select("input[checked]")] == ["3"]
    assert [text_of(v.get(page)).count("Seals die.") for v in (callum, owner)] == [0, 0]
    by_itself = ada.post(f"{page}/keep", {**half, "kept": "older"}, on=page, headers={"HX-Request": "true"})
    assert "Saved at " in by_itself.text  # the same words: nothing to overwrite
    older = ada.post(f"{page}/keep", {"kept": "older"}, on=page, headers={"HX-Request": "true"})
    assert (older.status_code, "Another window of yours" in older.text) == (409, True)

    criteria = [c.id for c in programme_of(session, sent).readiness.scoring.criteria]
    revision = sent.revision
    session.commit()
    for visitor, words in ((ada, "Ada's words."), (callum, "Callum's words.")):
        sheet = {f"{c}-score": "3" for c in criteria} | {f"{c}-reason": words for c in criteria}
        assert visitor.post(page, {**sheet, "seen": str(revision)}, on=page).status_code == 303
        revision += 1
        if visitor is ada:
            seen = [text_of(v.get(page)).count("Ada's words.") for v in (ada, callum, owner)]
            assert seen == [5, 0, 0]
    assert [text_of(v.get(page)).count("Ada's words.") for v in (ada, callum, owner)] == [5, 5, 5]
    assert "75.0 of 100, and the programme asks for at least 50." in text_of(owner.get(page))

    approver = call.person("An approver")
    grant(session, approver, "approver", call.now, limit_pounds=1_000_000)
    session.refresh(sent)
    ready = {"route_to_adoption": "x", "sponsor_time": "x", "exit_if_too_expensive": "x"}
    for name, words in ready.items():
        setattr(sent, name, words)
    advance(session, sent, "approve", actor=call.actor(approver), now=call.now)
    session.commit()
    assert [v.get(page).status_code for v in (ada, owner)] == [404, 200]  # a scorer's reading ends there
