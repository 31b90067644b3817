"""Who may call a view, and which records it gets: denied unless a view says otherwise.

Every view is declared with @open_to(...); a view without it is refused before it runs, and a test lists them all.
Records come through `load`, which finds only what the person may see.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar
from urllib.parse import urlencode

from flask import Flask, Response, current_app, request
from werkzeug.wrappers import Response as AnyResponse

from civflow.models import Gate, Reading, Tracked
from civflow.services.seeing import seen
from civflow.web.current import actor, now, person, session, writing_session
from civflow.web.htmx import redirect_to
from civflow.workflows import visibility
from civflow.workflows.engine import Case, Forbidden

View = TypeVar("View", bound=Callable[..., Any])
Record = TypeVar("Record", bound=Tracked)


@dataclass(frozen=True)
class Audience:
    """Who may call a view: a name for the list of routes, a sentence for those who may not, and roles if any."""

    name: str
    sentence: str
    roles: tuple[str, ...] = ()
    signed_in: bool = True


anyone = Audience("anyone", "Everybody may open this page.", signed_in=False)
signed_in = Audience("signed in", "Sign in to open this page.")


def holders_of(*roles: str) -> Audience:
    """Those who hold one of these roles in any scope; the records that they see are checked one by one."""
    names = " or ".join(role.replace("_", " ") for role in roles)
    return Audience(names, f"This page is for a {names}.", roles)


def open_to(audience: Audience) -> Callable[[View], View]:
    """Declare who may call a view."""

    def declare(view: View) -> View:
        view.audience = audience  # type: ignore[attr-defined]
        return view

    return declare


def audience_of(endpoint: str) -> Audience | None:
    """Who may call an endpoint, or None for one that does not say."""
    return getattr(current_app.view_functions[endpoint], "audience", None)


def init_app(app: Flask) -> None:
    """Refuse every call that its view does not permit, and record what an auditor reads."""
    app.before_request(_check)
    app.after_request(_record_reading)


def _check() -> AnyResponse | None:
    if request.endpoint in (None, "static"):
        return None
    audience = audience_of(request.endpoint or "")
    if audience is None:
        raise Forbidden("Nobody may open this page: it does not say who may.")
    if audience.signed_in and person() is None:
        if request.method in ("GET", "HEAD"):
            return redirect_to("/sign-in?" + urlencode({"then": request.full_path.rstrip("?")}))
        raise Forbidden("Your sign-in has ended. Sign in again in another tab, come back, and send this again.")
    if audience.roles and not any(held.role in audience.roles for held in actor().roles):
        raise Forbidden(audience.sentence)
    return None


def _record_reading(response: Response) -> Response:
    """Reading is itself recorded, for those whose role is to read everything."""
    reader = person()
    audits = any(held.role == "auditor" for held in actor().roles)
    if reader and audits and request.method == "GET" and request.endpoint != "static" and response.status_code == 200:
        with writing_session() as writing:
            writing.add(Reading(person_id=reader.id or 0, at=now(), path=request.full_path.rstrip("?")[:500]))
            writing.commit()
    return response


def load(model: type[Record], record_id: int) -> Record:
    """The record, if this person may see it. Raises NotFound otherwise, in the same words."""
    return load_case(model, record_id)[0]


def load_case(model: type[Record], record_id: int) -> tuple[Record, Case]:
    """The record with the case that the rules of visibility looked at."""
    return seen(session(), model, record_id, actor=actor(), now=now())


def may_see_scores(gate: Gate) -> bool:
    """Whether this person may see every assessor's scores at a gate."""
    return visibility.may_see_scores(load_case(Gate, gate.id or 0)[1])
