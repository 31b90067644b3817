"""The one module that touches htmx-flask: a page or its fragment, what else changed, where to go next.

A fragment is a file `_score.html`; the page includes it and the POST answers with it. What else changes on
the page travels out of band: the outermost element of such a fragment begins `<div id="progress"{{ oob }}>`.
A refusal answers 422 (somebody was first: 409) with the same fragment, into the same place.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any
from urllib.parse import urldefrag, urlsplit

from flask import Flask, Response, make_response, redirect, render_template, request
from htmx_flask import Htmx
from htmx_flask import make_response as htmx_response
from markupsafe import Markup

MESSAGES = "#messages"
OUT_OF_BAND = Markup(' hx-swap-oob="true"')

# For <meta name="htmx-config">. Other failures go to the page's place for messages: nobody is left waiting.
# Pages are not kept in the browser's storage: they hold what other people may not read.
CONFIG: dict[str, Any] = {
    "includeIndicatorStyles": False,
    "allowEval": False,
    "allowScriptTags": False,
    "selfRequestsOnly": True,
    "historyCacheSize": 0,
    "refreshOnHistoryMiss": True,
    "scrollIntoViewOnBoost": False,
    "responseHandling": [
        {"code": "204", "swap": False},
        {"code": "[23]..", "swap": True},
        {"code": "(409|422)", "swap": True},
        {"code": "...", "swap": True, "error": True, "target": MESSAGES, "swapOverride": "innerHTML"},
    ],
}


def init_app(app: Flask) -> None:
    """Let requests know htmx, tell caches that answers depend on it, give base.html its configuration."""
    Htmx(app)
    app.after_request(_vary)
    app.jinja_env.globals["htmx_config"] = json.dumps(CONFIG, separators=(",", ":"))


def is_htmx() -> bool:
    """Whether only a fragment is wanted: not for a boosted link, nor when a page comes back from history."""
    asked = request.htmx  # type: ignore[attr-defined]
    return bool(asked) and not asked.boosted and not asked.history_restore_request


def page_or_fragment(
    page: str, fragment: str, status: int = 200, *, also: Iterable[str] = (), instead_of: str = "", **context: Any
) -> Response:
    """Answer with the template `page`, or to htmx with `fragment` and the fragments `also` out of band.

    Both see the same context; `status` is 422 for a refusal and 409 when somebody was first. `instead_of` is a
    selector of what the fragment replaces, where that is another part than the one that asked for.
    """
    if not is_htmx():
        return make_response(render_template(page, **context), status)
    parts = [render_template(fragment, **context)]
    parts += [render_template(other, **{**context, "oob": OUT_OF_BAND}) for other in also]
    if not instead_of:
        return make_response("\n".join(parts), status)
    answer: Response = htmx_response("\n".join(parts), status, retarget=instead_of, reswap="outerHTML")
    return answer


def redirect_to(url: str) -> Response:
    """Send the browser to `url` after a change: 303, or to htmx an instruction to go there.

    A browser that is sent to a place of the very page that it shows only scrolls, so it is told to ask for it again.
    """
    if not is_htmx():
        return make_response(redirect(url, 303))
    here = urlsplit(request.htmx.current_url or "")._replace(scheme="", netloc="")  # type: ignore[attr-defined]
    is_same = "#" in url and urldefrag(here.geturl()).url == urldefrag(url).url
    answer: Response = htmx_response("", 200, redirect=url, refresh=is_same)
    return answer


def message(fragment: str, status: int, *, trigger: dict[str, Any] | None = None, **context: Any) -> Response:
    """Answer htmx with `fragment` in the page's place for messages, wherever the request came from.

    `trigger` names events that civflow.js listens for, with what they carry.
    """
    text = render_template(fragment, **context)
    answer: Response = htmx_response(text, status, retarget=MESSAGES, reswap="innerHTML", trigger=trigger)
    return answer


def told_in_place(fragment: str, status: int, *, trigger: dict[str, Any]) -> Response:
    """Answer htmx with `fragment` where the request wants its answer, and with events as `message` does."""
    answer: Response = htmx_response(render_template(fragment), status, trigger=trigger)
    return answer


def _vary(response: Response) -> Response:
    if response.mimetype == "text/html":
        response.vary.add("HX-Request")
    return response
