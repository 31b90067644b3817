"""Pages for what did not work: a sentence that says what to do, never a trace."""

from __future__ import annotations

import logging

from flask import Flask, Response, render_template
from werkzeug.exceptions import HTTPException

from civflow.web.htmx import is_htmx, message
from civflow.workflows.engine import Conflicted, Forbidden, NotFound, Refusal, Refused

STATUS: dict[type[Refusal], int] = {NotFound: 404, Forbidden: 403, Conflicted: 409, Refused: 422}
TITLES = {
    400: "The page could not be read", 403: "Not open to you", 404: "Not found", 405: "Not possible here",
    409: "Somebody was first", 413: "Too large", 422: "Not possible yet", 429: "Too many tries",
    500: "Something went wrong", 503: "Not there at the moment",
}  # fmt: skip
SENTENCES = {
    400: "What was sent could not be read, perhaps because the page was open for a long time. Go back, and send it again.",
    404: "There is nothing at this address, or it is not yours to see.",
    405: "This address answers another kind of request. Go back, and use the button on the page.",
    413: "What was sent is larger than 2 MB. Shorten it, and send it again.",
    429: "You have tried too often. Wait a minute, then try again.",
    500: "It is our fault, and it has been recorded. What you did last may not be saved. Go back, and try again.",
    503: "The database cannot be reached. Nothing that was saved is lost. Try again in a minute.",
}


def init_app(app: Flask) -> None:
    app.register_error_handler(Refusal, refusal)
    app.register_error_handler(HTTPException, http_error)
    app.register_error_handler(Exception, failure)


def refusal(error: Refusal) -> Response:
    return page(STATUS[type(error)], error.sentences)


def http_error(error: HTTPException) -> Response:
    if error.code is None or error.code < 400:
        return error.get_response()  # type: ignore[return-value]
    answer = page(error.code, (SENTENCES.get(error.code, error.description or ""),))
    for name, value in error.get_headers():
        if name == "Retry-After":
            answer.headers[name] = value
    return answer


def failure(error: Exception) -> Response:
    logging.getLogger("civflow").exception("A request failed.", exc_info=error)
    return page(500, (SENTENCES[500],))


def page(status: int, sentences: tuple[str, ...]) -> Response:
    context = {"status": status, "title": TITLES.get(status, "Not possible"), "sentences": sentences}
    if is_htmx():
        return message("errors/_error.html", status, **context)
    return Response(render_template("errors/error.html", **context), status)
