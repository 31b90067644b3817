"""How often one address may try: sign-in and registration are limited, everything else is not."""

from flask import Flask
from flask_limiter import Limiter
from flask_limiter.util import get_remote_address

# One process counts in memory. Several processes each count for themselves, so a limit is then as many times as large.
limiter = Limiter(get_remote_address, storage_uri="memory://", headers_enabled=True)


def init_app(app: Flask) -> None:
    limiter.init_app(app)
