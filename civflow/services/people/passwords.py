"""Passwords: only their argon2 hashes are kept, and an unknown address takes as long as a known one."""

from __future__ import annotations

from functools import cache

from pwdlib import PasswordHash

from civflow.models import Person

SHORTEST, LONGEST = 12, 200  # characters


@cache
def _hasher() -> PasswordHash:
    return PasswordHash.recommended()


@cache
def _nobodys_hash() -> str:
    return _hasher().hash("nobody has this password")


def hash_password(password: str) -> str:
    """Argon2id with the library's recommended parameters."""
    return _hasher().hash(password)


def why_not(password: str, person: Person | None = None) -> str:
    """Why a password will not do, or nothing."""
    if not SHORTEST <= len(password) <= LONGEST:
        return f"Choose a password with at least {SHORTEST} characters, and at most {LONGEST}."
    words = {person.email, person.name.lower(), person.name.lower().replace(" ", "")} if person else set()
    if len(set(password)) < 4 or password.lower() in words:
        return "Choose a password that nobody would guess: three words that only you would put together are good."
    return ""


def verify(password: str, stored: str | None) -> tuple[bool, str | None]:
    """Whether a password fits a stored hash, and a fresh hash where the parameters have changed.

    Takes as long where nothing is stored.
    """
    fits, fresh = _hasher().verify_and_update(password[: LONGEST + 1], stored or _nobodys_hash())
    return fits and stored is not None, fresh
