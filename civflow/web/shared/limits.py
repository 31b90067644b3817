"""How often somebody may try to sign in or to have a link sent: by where they come from, and by whom they name there.

By name alone the limits are far wider, so that a stranger elsewhere cannot keep somebody out. Everything else is not
limited. Tries are counted in memory: several processes each count for themselves, so a limit is then as many times
as large.
"""

import time

from flask import Flask, Response, request
from flask_limiter import Limiter
from flask_limiter.util import get_remote_address

limiter = Limiter(get_remote_address, storage_uri="memory://", headers_enabled=True)


def init_app(app: Flask) -> None:
    limiter.init_app(app)


def named() -> str:
    """Whom the form names: the same person from many addresses is still one."""
    return f"named {request.form.get('email', '').strip().lower()[:254]}"


def named_here() -> str:
    """Whom the form names, from where the visitor comes."""
    return f"{get_remote_address()} {named()}"


def seconds_to_wait() -> int:
    """How long until the limit that a request has met lets the next one through."""
    met = limiter.current_limit
    return max(1, round(met.reset_at - time.time())) if met else 60


def failed(response: Response) -> bool:
    return response.status_code == 422
