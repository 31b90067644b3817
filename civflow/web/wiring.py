"""The web side put together: settings, session, access, and the pages of every feature."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any
from urllib.parse import urlencode

from flask import Flask, g, request
from flask_wtf import CSRFProtect
from sqlalchemy import Engine
from werkzeug.middleware.proxy_fix import ProxyFix
from werkzeug.routing import IntegerConverter

from civflow import features
from civflow.db import make_engine
from civflow.services.health.declared import check_features
from civflow.settings import Settings, check_safe_to_serve, read_settings
from civflow.web.shared import access, current, errors, formats, htmx, limits, navigation, pages, requests, security

LARGEST_FORM = 8 * 1024 * 1024  # bytes: a text of 2 MB, as browsers write it, is told at its field what is wrong


def wire(
    settings: Settings | None = None, *, engine: Engine | None = None, clock: Callable[[], datetime] | None = None
) -> Flask:
    """An app for these settings; `engine` and `clock` are given by tests and by the demonstration."""
    settings = settings or read_settings()
    check_safe_to_serve(settings)
    check_features()
    app = Flask("civflow", template_folder="templates", static_folder="static")
    app.config.update(
        SETTINGS=settings,
        ENGINE=engine or make_engine(settings),
        SECRET_KEY=settings.secret_key,
        BASE_URL=settings.base_url,
        DEMONSTRATION=settings.demonstration,
        MAX_CONTENT_LENGTH=LARGEST_FORM,
        MAX_FORM_MEMORY_SIZE=LARGEST_FORM,
        WTF_CSRF_TIME_LIMIT=None,
        SESSION_COOKIE_SAMESITE="Lax",
        SESSION_COOKIE_SECURE=settings.base_url.startswith("https:"),
    )
    app.url_map.converters["int"] = Number
    if settings.proxies:
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=settings.proxies, x_proto=settings.proxies, x_host=settings.proxies)  # type: ignore[method-assign]
    if clock:
        app.before_request(lambda: setattr(g, "now", clock()))
    for part in (requests, pages, formats, htmx, security, errors, limits, current, access):
        part.init_app(app)
    protect = CSRFProtect(app)  # after access: whoever is not signed in any more is told that, and not of a token
    app.context_processor(_every_page)
    for view in features.modules("views"):
        app.register_blueprint(view.blueprint)
    protect.exempt("civflow.web.following.unsubscribe")  # a mail programme presses it, and has no token of ours
    return app


class Number(IntegerConverter):
    """A record's number in an address: one that no database could keep leads nowhere."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **{"max": 2**31 - 1, **options})


def _every_page() -> dict[str, Any]:
    """What base.html shows on every page."""
    person, name = current.person(), current.settings().site_name
    return {
        "programme_name": f"{name} demonstration" if current.settings().demonstration else name,
        "navigation": navigation.navigation(current.actor(), request.path),
        "person_name": person.name if person else None,
        "person_url": "/account",
        "sign_in_url": _sign_in_url(),
        "sign_out_url": "/sign-out",
        "actor": current.actor(),
        "now": current.now(),
    }


def _sign_in_url() -> str:
    """Signing in leads back to the page that was open."""
    here = request.full_path.rstrip("?")
    is_page = request.method == "GET" and request.blueprint not in (None, "sign_in", "account")
    comes_back = is_page and here != "/"
    return "/sign-in?" + urlencode({"then": here}) if comes_back else "/sign-in"
