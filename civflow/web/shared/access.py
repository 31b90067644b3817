"""Who may call a view, and which records it gets: denied unless a view says otherwise.

Every view is declared with @open_to(...); a view without it is refused before it runs, and a test holds what it shows against the handbook.
Records come through `load`, which finds only what the person may see.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar
from urllib.parse import urlencode

from flask import Flask, Response, abort, current_app, request
from werkzeug.wrappers import Response as AnyResponse

from civflow.models import Gate, Reading, Tracked
from civflow.models.people import ROLES
from civflow.services.engine.access import load_visible, visibility_case
from civflow.web.shared.current import actor, now, person, session, settings, writing_session
from civflow.web.shared.htmx import redirect_to
from civflow.workflows.assessment.gate_rules import may_see_scores, scores_kept_back
from civflow.workflows.engine import Actor, Case, Forbidden, NotFound, Rule
from civflow.workflows.engine.sight import may_see

View = TypeVar("View", bound=Callable[..., Any])
Record = TypeVar("Record", bound=Tracked)


@dataclass(frozen=True)
class Audience:
    """Who may call a view: a name for the list of routes, a sentence for those who may not, and roles if any."""

    name: str
    sentence: str
    roles: tuple[str, ...] = ()
    signed_in: bool = True
    site: bool = False  # the roles count only where they are held for the whole site
    in_demonstration: bool = False  # in the demonstration anyone may

    def welcomes(self, actor: Actor) -> bool:
        """Whether somebody who is signed in holds what it takes."""
        held = {held.role for held in actor.roles if held.scope == "site" or not self.site}
        return not self.roles or bool(held & set(self.roles))


class SignedOut(Forbidden):
    """A form comes from somebody who is not signed in any more.

    `in_place`: a form that saves by itself sent it, which tells of it beside its buttons.
    """

    def __init__(self, *, in_place: bool) -> None:
        super().__init__("You are not signed in any more.")
        self.in_place = in_place


anyone = Audience("anyone", "Everybody may open this page.", signed_in=False)
signed_in = Audience("signed in", "Sign in to open this page.")


def holders_of(*roles: str, site: bool = False, in_demonstration: bool = False) -> Audience:
    """Those who hold one of these roles in any scope, or for the whole `site`; records are checked one by one."""
    names = " or ".join(ROLES[role].lower() for role in roles)
    article = "an" if names[0] in "aeiou" else "a"
    scope = " for the whole site" if site else ""
    more = ", or anyone in the demonstration" if in_demonstration else ""
    sentence = f"This page is for {article} {names}{scope}."
    return Audience(names + scope + more, sentence, roles, site=site, in_demonstration=in_demonstration)


def open_to(audience: Audience, *, saves_by_itself: bool = False) -> Callable[[View], View]:
    """Declare who may call a view, and whether forms that save by themselves do so there."""

    def declare(view: View) -> View:
        view.audience = audience  # type: ignore[attr-defined]
        view.saves_by_itself = saves_by_itself  # type: ignore[attr-defined]
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
    if not audience.signed_in or (audience.in_demonstration and settings().demonstration):
        return None
    if person() is None:
        return sign_in_first()
    if not audience.welcomes(actor()):
        raise Forbidden(audience.sentence)
    return None


def sign_in_first() -> AnyResponse:
    """Send whoever is not signed in to sign in and back here. Raises SignedOut for a form: its words are kept."""
    if request.method not in ("GET", "HEAD"):
        view = current_app.view_functions.get(request.endpoint or "")
        raise SignedOut(in_place=getattr(view, "saves_by_itself", False))
    return redirect_to("/sign-in?" + urlencode({"then": request.full_path.rstrip("?")}))


def _record_reading(response: Response) -> Response:
    """Reading is itself recorded, for those whose role is to read everything."""
    reader = person()
    audits = any(held.role == "auditor" for held in actor().roles)
    is_page = request.method == "GET" and response.status_code == 200 and request.blueprint not in (None, "sign_in")
    if reader and audits and is_page:
        with writing_session() as writing:
            writing.add(Reading(person_id=reader.id or 0, at=now(), path=request.full_path.rstrip("?")[:500]))
            writing.commit()
    return response


def load(model: type[Record], record_id: int) -> Record:
    """The record, if this person may see it. Raises NotFound otherwise, in the same words."""
    return load_case(model, record_id)[0]


def load_case(model: type[Record], record_id: int) -> tuple[Record, Case[Any]]:
    """The record with the case that the rules about who sees it looked at.

    Whoever is not signed in is asked to, whether there is such a record or not.
    """
    try:
        return load_visible(session(), model, record_id, actor=actor(), now=now())
    except NotFound:
        if person() is None:
            abort(sign_in_first())
        raise


def only_for(case: Case, *rules: Rule) -> None:
    """Raises Forbidden, with what would have to be true, where none of the rules is."""
    if not any(permits(case) for permits in rules):
        needed = [permits.sentence for permits in rules]
        raise Forbidden(*needed, claims=needed)


def may_open(record: Tracked) -> bool:
    """Whether a link to this record leads this person anywhere."""
    return may_see(visibility_case(session(), record, actor=actor(), now=now()))


def scores_shown(gate: Gate) -> tuple[bool, set[int]]:
    """Whether this person may see every assessor's scores at a gate, and the applications whose scores they may not."""
    case = load_case(Gate, gate.id or 0)[1]
    return may_see_scores(case), scores_kept_back(case)
