"""Who may call what: every route says so, and this is the list."""

from __future__ import annotations

from sqlalchemy import select

from civflow import create_app
from civflow.models import Reading
from civflow.web.shared.access import audience_of
from tests.scenes.open_call import a_person, grant
from tests.web.visitor import Visitor, an_app

ROUTES = {
    "anyone": """
        feeds.atom feeds.calendar feeds.calendar_of feeds.picture feeds.sitemap following.confirm following.unsubscribe
        about.accessibility about.favicon about.health about.how_it_works about.privacy about.robots
        cases.show challenges.download challenges.list_challenges
        challenges.show challenge_form.show statistics.challenge_csv statistics.challenge_json
        statistics.of_round statistics.round_csv statistics.round_json versions.list_versions versions.show
        questions.list_questions questions.show questions.find question_sheets.as_csv question_sheets.as_xlsx
        sessions.list_sessions sessions.as_calendar sessions.find
        documents.pdf documents.show draft_comments.here handbook.contents handbook.programme
        handbook.show home.home sign_in.ask_for_account sign_in.ask_for_link sign_in.form sign_in.look
        sign_in.register sign_in.send_link sign_in.sign_in sign_in.be_somebody sign_in.sign_out sign_in.use
    """,
    "challenge owner or programme manager": """
        copying.copy copying.make_copy drafting.begin drafting.new
    """,
    "programme manager or approver or finance officer or auditor or challenge owner or administrator": """
        rounds.list_rounds rounds.show
    """,
    "programme manager or auditor for the whole site, or anyone in the demonstration": """
        outbox.messages outbox.show
    """,
    "administrator or programme manager for the whole site": """
        people.everybody people.give people.show people.take_back
    """,
    "programme manager": """
        rounds.begin rounds.change rounds.edit rounds.new
    """,
    "administrator for the whole site": """
        people.end_sign_ins
    """,
    "signed in": """
        following.ask following.ask_about_search following.change following.end following.follow
        following.follow_search
        account.end account.end_all account.password account.save account.show applications.book_interview
        applications.check applications.give_back_interview applications.interview applications.mine
        applications.on_one_page applications.read_the_text applications.receipt applications.send applications.show
        applying.apply applying.form assessment.accept assessment.decline assessment.mine assessment.score
        assessment.score_all
        assessment.show assessment.submit deadlines.choose_one deadlines.deadline ending.end ending.ending deadlines.move_deadline
        deadlines.move_one_deadline deadlines.one_deadline changing.begin changing.overview changing.hand_in changing.look
        changing.part changing.publish changing.save cases.confirm cases.take challenges.ask_question delivery.agreement
        delivery.place delivery.sign delivery.sign_it drafting.criteria drafting.edit draft_parts.part
        draft_comments.show draft_comments.change draft_people.show draft_people.change_owners
        draft_people.change_writers draft_people.change_sponsors
        questions.draft questions.look_before_publishing questions.publish questions.look_before_merging
        questions.merge readiness.ask readiness.deal_with readiness.request_changes readiness.score readiness.scoring readiness.keep
        draft_parts.save writing.save
        question_sheets.choose_file question_sheets.take_in sessions.new sessions.schedule sessions.edit
        sessions.change gates.adjust gates.adjust_it gates.interviews gates.offer gates.propose gates.propose_it
        gates.release gates.release_it gates.show panels.leave panels.seat panels.settle panels.show panels.ties
        panels.unseat teams.ask founding.edit founding.found_it teams.invite_it teams.mine
        founding.new founding.save teams.show writing.question writing.save_title writing.title
    """,
}


def test_every_route_is_open_to_exactly_those_who_are_listed(settings, engine):
    app = an_app(settings, engine)
    with app.app_context():
        endpoints = {rule.endpoint for rule in app.url_map.iter_rules()} - {"static"}
        audiences = {endpoint: audience_of(endpoint) for endpoint in endpoints}
    found = {(endpoint, audience.name if audience else "nobody") for endpoint, audience in audiences.items()}
    listed = {(endpoint, name) for name, named in ROUTES.items() for endpoint in named.split()}

    differ = [f"{endpoint} says that it is open to: {name}" for endpoint, name in found - listed]
    differ += [f"{endpoint} is listed here as open to: {name}" for endpoint, name in listed - found]
    assert differ == [], "\n".join(sorted(differ))


def test_a_view_that_does_not_say_who_may_call_it_is_refused(settings, engine):
    app = create_app(settings, engine=engine)
    app.add_url_rule("/forgotten", "forgotten", lambda: "secret")

    answer = app.test_client().get("/forgotten")

    assert answer.status_code == 403
    assert "secret" not in answer.text


def test_strangers_write_nothing_but_sign_ins_and_accounts(settings, engine):
    """Every other POST of a stranger is refused, or leads to signing in."""
    app = create_app(settings, engine=engine)
    app.config["WTF_CSRF_ENABLED"] = False
    client, answered = app.test_client(), []
    for rule in app.url_map.iter_rules():
        if "POST" not in (rule.methods or ()) or rule.endpoint.startswith(("sign_in.", "account.register")):
            continue
        path = rule.rule
        for name in rule.arguments:
            path = path.replace(f"<int:{name}>", "1").replace(f"<{name}>", "x")
        status = client.post(path).status_code
        if status not in (303, 401, 403, 404):
            answered.append((path, status))
    assert answered == []


def test_what_an_auditor_reads_is_recorded_and_what_others_read_is_not(settings, engine, session, now):
    auditor, manager = (a_person(session, name, now=now) for name in ("Aud Itor", "Morag Sinclair"))
    grant(session, auditor, "auditor", now)
    grant(session, manager, "programme_manager", now)
    app = an_app(settings, engine, lambda: now)
    for person in (auditor, manager):
        visitor = Visitor(app).sign_in(session, person, now=now)
        assert [visitor.get(path).status_code for path in ("/rounds?page=1", "/rounds/99")] == [200, 404]
    assert [(r.person_id, r.at, r.path) for r in session.scalars(select(Reading))] == [
        (auditor.id, now, "/rounds?page=1")
    ]
