"""Pages for what did not work: sentences that say what to do, never a trace, and nothing that was typed is lost."""

from __future__ import annotations

import logging
import sqlite3
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any
from urllib.parse import urlsplit

from flask import Flask, Response, current_app, g, render_template, request
from flask_wtf.csrf import CSRFError, generate_csrf
from sqlalchemy.exc import DBAPIError, OperationalError
from werkzeug.exceptions import HTTPException

from civflow.services.formatting import DEFAULT_ZONE, count, moment
from civflow.web.shared.access import SignedOut
from civflow.web.shared.htmx import is_htmx, message, told_in_place
from civflow.web.shared.limits import seconds_to_wait
from civflow.workflows.engine import Conflicted, Forbidden, NotFound, Refusal, Refused
from civflow.workflows.rules import BY_ITSELF, NOBODY_PRESSES

STATUS: dict[type[Refusal], int] = {NotFound: 404, Forbidden: 403, Conflicted: 409, Refused: 422}
TITLES = {
    400: "The page could not be read",
    401: "Sign in first",
    403: "Not open to you",
    404: "Not found",
    405: "Not possible here",
    409: "Somebody was first",
    413: "Too large",
    422: "Not possible yet",
    429: "Too many tries",
    500: "Something went wrong",
    503: "Not there at the moment",
}
SENTENCES = {
    400: "What was sent could not be read. Go back, and send it again.",
    401: "Sign in, then come back to this page.",
    403: "This page is not open to you.",
    404: "There is nothing at this address, or it is not yours to see.",
    405: "This address answers another kind of request. Go back, and use the button on the page.",
    413: "What was sent is larger than 8 MB. Go back, shorten it, and send it again.",
    500: "It is our fault, and it has been recorded. What you did last may not be saved. Go back, and try again.",
    503: "The database cannot be reached. Nothing that was saved is lost. Try again in a minute.",
}
TOO_LONG = "The page was open for too long"
SEND_AGAIN = "What you typed was not saved, but it is still here. Send it again."
PRESS_AGAIN = "What you typed was not saved yet, but it is still here. Press the button again."
SIGNED_OUT = "Your sign-in has ended"
STILL_HERE = "What you typed is not saved yet, but it is still here: nothing is lost."
SIGN_IN_THERE = "Sign in in another tab, come back to this page, and press the button again."
SECRET = ("csrf_token", "password", "old")  # fields that never come back
UNTYPED = ("seen", "seen_theirs", "then", "before", "theirs", "kept", "answers")  # fields that nobody typed
AS_NAMED: Mapping[str, str] = MappingProxyType({})  # every field stands where its name says
NOT_TOLD = (413,)  # a form this large is not read
NOT_AGAIN = (409,)  # whoever came second looks at what is there now first


def init_app(app: Flask) -> None:
    """Answer every refusal, every HTTP error and every failure with a page of its own."""
    app.register_error_handler(SignedOut, signed_out)
    app.register_error_handler(Refusal, refusal)
    app.register_error_handler(CSRFError, open_too_long)
    app.register_error_handler(HTTPException, http_error)
    app.register_error_handler(Exception, failure)


def signed_out(error: SignedOut) -> Response:
    """Whoever is not signed in any more keeps their words: signed in again in another tab, they press the button again."""
    if not is_htmx():
        return page(403, (STILL_HERE,), title=SIGNED_OUT, has_ended=True)
    renewed = {"csrf-renewed": {"token": generate_csrf()}}
    if error.in_place:
        return told_in_place("shared/errors/_signed_out.html", 422, trigger=renewed)
    return message("shared/errors/_error.html", 403, trigger=renewed, title=SIGNED_OUT, sentences=(SIGN_IN_THERE,))


def refusal(error: Refusal) -> Response:
    """The rules' own sentences, where no view has shown them beside the form."""
    if isinstance(error, Forbidden) and error.claims == (BY_ITSELF,):
        return page(403, (NOBODY_PRESSES,))
    said = tuple(sentence for sentence in told_by(error) if sentence not in error.claims)
    return page(status_of(error), said, needed=_needed(error), claims=error.claims)


def _needed(error: Refusal) -> str:
    """What to say before the rules that would have to be true."""
    if not error.claims:
        return ""
    if isinstance(error, Forbidden):
        several, one = "It is open to those of whom one of these is true:", "It is open only if this is true:"
    else:
        several, one = "These must be true first:", "This must be true first:"
    return several if len(error.claims) > 1 else one


def told_by(error: Refusal) -> tuple[str, ...]:
    """The sentences of a refusal; whoever came second is also told when the other was first."""
    if isinstance(error, Conflicted) and error.when:
        return (*error.sentences, f"That was {moment(error.when, g.get('zone', DEFAULT_ZONE))}.")
    return error.sentences


def lines_of(error: Refusal, ids: Mapping[str, str] = AS_NAMED) -> list[tuple[str, str]]:
    """A refusal for the error summary: (field, sentence), or ("", sentence) where it is about no field.

    `ids` says where on the page a field stands that has another name there, and by "" where the rest is said. This is the
    one way in which pages say why something is not done: a rule alone would read as if it were true, so it gets a
    word that says it is not.
    """
    fields = error.fields if isinstance(error, Refused) else {}
    at_fields = " ".join(fields.values())
    said = [*fields.items(), *(("", sentence) for sentence in told_by(error) if sentence not in at_fields)]
    return [(ids.get(field, field), _as_needed(error, sentence)) for field, sentence in said]


def _as_needed(error: Refusal, sentence: str) -> str:
    return f"Needed first: {sentence}" if sentence in error.claims else sentence


def status_of(error: Refusal) -> int:
    """The status with which a refusal is answered."""
    return next((status for kind, status in STATUS.items() if isinstance(error, kind)), 422)


def open_too_long(error: CSRFError) -> Response:  # noqa: ARG001 - an error handler is given one
    """A form without a token that fits: its page gets a fresh one, and the words go back to whoever typed them."""
    if is_htmx():
        renewed = {"csrf-renewed": {"token": generate_csrf()}}
        return message("shared/errors/_error.html", 400, trigger=renewed, title=TOO_LONG, sentences=(PRESS_AGAIN,))
    return page(400, (SEND_AGAIN,), title=TOO_LONG)


def http_error(error: HTTPException) -> Response:
    """An error with a status; redirects, which werkzeug raises too, pass through."""
    if error.code is None or error.code < 400:
        return Response(headers=error.get_headers(), status=error.code, response=error.get_body())
    sentence = too_often(seconds_to_wait()) if error.code == 429 else SENTENCES.get(error.code, error.description or "")
    answer = page(error.code, (sentence,))
    for name, value in error.get_headers():
        if name in ("Retry-After", "Allow"):
            answer.headers[name] = value
    return answer


def too_often(seconds: int) -> str:
    """How long somebody waits who has tried too often."""
    wait = "a minute" if seconds <= 60 else count(-(-seconds // 60), "minute")
    return f"You have tried too often. Wait {wait}, then try again."


def failure(error: Exception) -> Response:
    """Anything else: logged with its trace, which nobody else sees."""
    logging.getLogger("civflow").error("A request failed.", exc_info=error)
    is_away = isinstance(error, (OperationalError, sqlite3.OperationalError)) or (
        isinstance(error, DBAPIError) and error.connection_invalidated
    )
    status = 503 if is_away else 500
    answer = page(status, (SENTENCES[status],))
    if is_away:
        answer.headers["Retry-After"] = "60"
    return answer


def page(status: int, sentences: tuple[str, ...], *, title: str | None = None, **more: Any) -> Response:
    """The page of an error, or for htmx its message, with the words that the request brought."""
    context: dict[str, Any] = {"title": title or TITLES.get(status, "Not possible"), "sentences": sentences, **more}
    if is_htmx():
        return message("shared/errors/_error.html", status, **context)
    if status not in NOT_TOLD:
        context |= kept_words()
    if status in NOT_AGAIN:
        context["send_again"] = None
    if status < 500:
        return Response(render_template("shared/errors/error.html", **context), status)
    # Not flask.render_template: what it asks for the page may be what has failed.
    return Response(current_app.jinja_env.get_template("shared/errors/error.html").render(context), status)


def kept_words() -> dict[str, Any]:
    """What a form brought: its words, and whether they can be sent again from the page of the error.

    They can when they came from a page of ours; a form that another site filled in gets no button here.
    """
    if request.method != "POST":
        return {}
    fields = [(name, value) for name, values in request.form.lists() for value in values if name not in SECRET]
    is_whole = not request.files and not any(name in SECRET[1:] for name in request.form)
    is_ours = urlsplit(request.headers.get("Origin", "")).netloc == request.host
    return {
        "fields": fields,
        "words": [(name.replace("_", " "), value) for name, value in fields if value.strip() and name not in UNTYPED],
        "send_again": request.full_path.rstrip("?") if is_whole and is_ours else None,
    }
