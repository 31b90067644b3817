"""Who may call what: every route says so, and the list of routes is this test."""

from __future__ import annotations

import pytest

from civflow import create_app
from civflow.web.access import audience_of

SQLITE = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
STAFF = "programme manager or approver or finance officer or auditor or challenge owner"
MAIL = "programme manager or auditor or administrator"

# Everything that is not listed here is for people who are signed in.
FOR_ANYONE = {
    "about", "account.register", "cases", "challenges", "documents", "drafting", "handbook", "home", "sign_in", "applying",
}  # fmt: skip
FOR_ROLES = {"rounds": STAFF, "outbox": MAIL}


@SQLITE
def test_every_route_says_who_may_call_it(settings, engine):
    app = create_app(settings, engine=engine)
    with app.app_context():
        undeclared = [
            r.endpoint for r in app.url_map.iter_rules() if r.endpoint != "static" and audience_of(r.endpoint) is None
        ]
    assert undeclared == []


@SQLITE
def test_the_list_of_routes_is_the_list_of_who_may_call_them(settings, engine):
    app = create_app(settings, engine=engine)
    wrong = []
    with app.app_context():
        for rule in app.url_map.iter_rules():
            if rule.endpoint == "static":
                continue
            audience, feature = audience_of(rule.endpoint), rule.endpoint.split(".")[0]
            public = feature in FOR_ANYONE or any(rule.endpoint.startswith(name) for name in FOR_ANYONE)
            expected = {FOR_ROLES.get(feature, "signed in")} | ({"anyone"} if public else set())
            if audience is None or audience.name not in expected:
                wrong.append((rule.endpoint, rule.rule, audience and audience.name))
    assert wrong == []


@SQLITE
def test_nobody_writes_without_signing_in(settings, engine):
    """Every POST of a stranger is refused or leads to signing in, but for signing in itself and making an account."""
    app = create_app(settings, engine=engine)
    app.config["WTF_CSRF_ENABLED"] = False
    client, answered = app.test_client(), []
    for rule in app.url_map.iter_rules():
        if "POST" not in (rule.methods or ()) or rule.endpoint.startswith(("sign_in.", "account.register")):
            continue
        path = rule.rule
        for name, converter in rule._converters.items():
            path = path.replace(f"<int:{name}>", "1").replace(f"<{name}>", "x").replace(f"<path:{name}>", "x")
            del converter
        status = client.post(path).status_code
        if status not in (303, 401, 403, 404, 405):
            answered.append((path, status))
    assert answered == []
