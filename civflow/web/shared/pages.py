"""What every page is made of: the component templates, static addresses that may be kept for long."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from flask import Flask, Response, current_app, request
from jinja2 import BaseLoader, ChoiceLoader, PackageLoader, PrefixLoader

from civflow.workflows import HANDBOOK

ONE_YEAR = "public, max-age=31536000, immutable"
COMPONENTS = ("govuk_frontend_jinja", "govuk_frontend_wtf")


def init_app(app: Flask) -> None:
    """Find the component templates, stamp static addresses with a version, add `with_query` and `oob`."""
    # Set on the environment itself: an extension that was there first may have made it already.
    app.jinja_env.trim_blocks = app.jinja_env.lstrip_blocks = True
    own: list[BaseLoader] = [app.jinja_env.loader] if app.jinja_env.loader else []
    components = PrefixLoader({name: PackageLoader(name) for name in COMPONENTS})
    app.jinja_env.loader = ChoiceLoader([*own, components])
    app.jinja_env.globals.update(with_query=with_query, read_by=read_by, oob="")
    app.config.setdefault("STATIC_VERSION", version_of(Path(app.static_folder or "")))
    app.url_defaults(_stamp_static_address)
    app.after_request(_keep_stamped_files)


def version_of(folder: Path) -> str:
    """Ten hexadecimal digits that change when any file below `folder` changes."""
    digest = hashlib.sha256()
    for path in sorted(folder.rglob("*")):
        if path.is_file():
            digest.update(path.relative_to(folder).as_posix().encode())
            digest.update(path.read_bytes())
    return digest.hexdigest()[:10]


def with_query(**changes: object) -> str:
    """This page's address with parts of its query changed; None takes a part away."""
    query = {name: values for name, values in request.args.lists() if name not in changes}
    query |= {name: [str(value)] for name, value in changes.items() if value is not None}
    return "?" + urlencode(query, doseq=True)


def _stamp_static_address(endpoint: str, values: dict[str, Any]) -> None:
    # One version for all files: a script that imports another one passes its own version on.
    if endpoint == "static" and not current_app.debug:
        values.setdefault("v", current_app.config["STATIC_VERSION"])


def _keep_stamped_files(response: Response) -> Response:
    if request.endpoint == "static" and response.status_code in (200, 304):
        version = request.args.get("v")
        if version and version == current_app.config["STATIC_VERSION"]:
            response.headers["Cache-Control"] = ONE_YEAR
    return response


def read_by(noun: str, step: str, ask: str) -> str:
    """The sentence about who reads what is typed there, as the handbook says it. Raises LookupError for no such words."""
    asks = (one for s in HANDBOOK[noun].steps if s.name == step for one in s.asks if one.name == ask)
    found = next(asks, None)
    if found is None:
        raise LookupError(f"{noun}.{step} asks for no “{ask}”.")
    return found.read_by
