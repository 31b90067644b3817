"""The headers that keep a page to itself: what it may load, who may frame it, what it tells other sites."""

from __future__ import annotations

import base64
import hashlib
import re

from flask import Flask, Response, request

TEMPLATE = "govuk_frontend_jinja/template.html"

HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=(), interest-cohort=()",
    "Cross-Origin-Opener-Policy": "same-origin",
    "X-Frame-Options": "DENY",
}
TWO_YEARS = "max-age=63072000; includeSubDomains"


def init_app(app: Flask) -> None:
    """Send the headers with every answer; call it after pages.init_app, which finds the page template."""
    headers = {**HEADERS, "Content-Security-Policy": content_security_policy(app)}
    if app.config.get("BASE_URL", "").startswith("https:"):
        headers["Strict-Transport-Security"] = TWO_YEARS

    @app.after_request
    def add_headers(response: Response) -> Response:
        for name, value in headers.items():
            response.headers.setdefault(name, value)
        if request.endpoint != "static":
            # Not for shared caches, and asked for again each time; Back still brings typed words.
            response.headers.setdefault("Cache-Control", "private, no-cache")
        return response


def content_security_policy(app: Flask) -> str:
    """The policy, with the hash of the page template's own inline script.

    `form-action` keeps a form's redirects here too: signing in elsewhere begins with a link, not a form.
    """
    scripts = " ".join(["'self'", *inline_script_hashes(template_source(app))])
    return "; ".join(
        [
            "default-src 'self'",
            f"script-src {scripts}",
            "style-src 'self'",
            "img-src 'self' data:",
            "object-src 'none'",
            "base-uri 'none'",
            "form-action 'self'",
            "frame-ancestors 'none'",
        ]
    )


def template_source(app: Flask) -> str:
    """The text of the page template as installed."""
    loader = app.jinja_env.loader
    assert loader is not None, "pages.init_app comes first"  # noqa: S101
    return loader.get_source(app.jinja_env, TEMPLATE)[0]


def inline_script_hashes(html: str) -> list[str]:
    """A quoted CSP source for each script written into `html`."""
    scripts = re.findall(r"<script(?![^>]*\bsrc=)[^>]*>(.*?)</script>", html, flags=re.DOTALL)
    digests = (hashlib.sha256(script.encode()).digest() for script in scripts)
    return [f"'sha256-{base64.b64encode(digest).decode()}'" for digest in digests]
