"""How often somebody may try to sign in or to have a link sent: by where they come from, and by whom they name.

Everything else is not limited. Tries are counted in memory: several processes each count for themselves, so a limit
is then as many times as large.
"""

from flask import Flask, Response, request
from flask_limiter import Limiter
from flask_limiter.util import get_remote_address

limiter = Limiter(get_remote_address, storage_uri="memory://", headers_enabled=True)


def init_app(app: Flask) -> None:
    limiter.init_app(app)


def named() -> str:
    """Whom the form names: the same person from many addresses is still one."""
    return f"named {request.form.get('email', '').strip().lower()[:254]}"


def failed(response: Response) -> bool:
    return response.status_code == 422
