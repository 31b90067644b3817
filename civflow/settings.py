"""Every setting: its name, its default and one sentence; read once from the environment."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Setting:
    """One environment variable: its name, the value used when it is missing, and what it does."""

    name: str
    default: str
    sentence: str


LISTENS_AT = "http://127.0.0.1:8000"
SETTINGS = (
    Setting("CIVFLOW_SITE_NAME", "CivTech", "The name in the head of every page and in its title."),
    Setting(
        "CIVFLOW_DATABASE_URL",
        "sqlite:///var/civflow.db",
        "Where the records are: a SQLite file (relative to the folder that civflow is started in) or a PostgreSQL address.",
    ),
    Setting("CIVFLOW_FILES", "var/files", "The folder that holds PDFs and uploads."),
    Setting(
        "CIVFLOW_SECRET_KEY", "", "Signs cookies and forms; at least 32 characters; required outside the demonstration."
    ),
    Setting(
        "CIVFLOW_SMTP_URL",
        "",
        "The mail server, such as smtp://user:password@host:587; required outside the demonstration, which keeps mail in its outbox page.",
    ),
    Setting("CIVFLOW_MAIL_FROM", "civflow@localhost", "The address that messages come from."),
    Setting("CIVFLOW_BASE_URL", LISTENS_AT, "The address people use; links in messages and documents start with it."),
    Setting("CIVFLOW_PROXIES", "0", "How many proxies before civflow are believed about a visitor's address."),
    Setting("CIVFLOW_DEMONSTRATION", "", "1 marks every page as a demonstration and permits unsafe defaults."),
    Setting("CIVFLOW_SESSION_HOURS", "12", "How many hours a sign-in lasts."),
    Setting(
        "CIVFLOW_SQLITE_SYNCHRONOUS",
        "FULL",
        "FULL survives a power cut; NORMAL is quicker and may lose the last second of one.",
    ),
    Setting("CIVFLOW_WORKER", "", "A stable name for this worker; empty uses the host's name."),
    Setting("CIVFLOW_LOG", "INFO", "How much is logged: DEBUG, INFO, WARNING or ERROR."),
)


class SettingsError(Exception):
    """A setting that cannot be used; its text says which and what to do."""


@dataclass(frozen=True)
class Settings:
    """The settings of one process."""

    site_name: str
    database_url: str
    files: Path
    secret_key: str
    smtp_url: str
    mail_from: str
    base_url: str
    proxies: int
    demonstration: bool
    session_hours: int
    sqlite_synchronous: str
    worker: str
    log: str

    @property
    def is_sqlite(self) -> bool:
        return self.database_url.startswith("sqlite")


def read_settings(environment: Mapping[str, str] | None = None, **overrides: str) -> Settings:
    """Read the settings from `environment` (default: the process's); `overrides` are named without CIVFLOW_, in lower case.

    Raises SettingsError when a value cannot be used or an unsafe default would serve the public.
    """
    source = dict(os.environ if environment is None else environment)
    source |= {f"CIVFLOW_{name.upper()}": value for name, value in overrides.items()}
    value = {s.name.removeprefix("CIVFLOW_").lower(): source.get(s.name) or s.default for s in SETTINGS}
    demonstration = value["demonstration"].lower() in ("1", "true", "yes", "on")
    if not value["session_hours"].isdigit() or int(value["session_hours"]) == 0:
        raise SettingsError("CIVFLOW_SESSION_HOURS must be a whole number of hours, such as 12.")
    if not (value["proxies"].isdecimal() and int(value["proxies"]) <= 9):
        raise SettingsError("CIVFLOW_PROXIES must be a whole number from 0 to 9.")
    if value["sqlite_synchronous"].upper() not in ("FULL", "NORMAL"):
        raise SettingsError("CIVFLOW_SQLITE_SYNCHRONOUS must be FULL or NORMAL.")
    if value["log"].upper() not in ("DEBUG", "INFO", "WARNING", "ERROR"):
        raise SettingsError("CIVFLOW_LOG must be DEBUG, INFO, WARNING or ERROR.")
    if demonstration and not value["secret_key"]:
        value["secret_key"] = "a demonstration has no secrets worth keeping"  # noqa: S105
    return Settings(
        site_name=value["site_name"],
        database_url=database_address(value["database_url"]),
        files=Path(value["files"]),
        secret_key=value["secret_key"],
        smtp_url=value["smtp_url"],
        mail_from=value["mail_from"],
        base_url=value["base_url"].rstrip("/"),
        proxies=int(value["proxies"]),
        demonstration=demonstration,
        session_hours=int(value["session_hours"]),
        sqlite_synchronous=value["sqlite_synchronous"].upper(),
        worker=value["worker"],
        log=value["log"].upper(),
    )


def database_address(url: str) -> str:
    """The address with the driver that civflow uses; raises SettingsError for any other kind of database."""
    if url.startswith("sqlite:"):
        return url
    for scheme in ("postgresql+psycopg://", "postgresql://", "postgres://"):
        if url.startswith(scheme):
            return "postgresql+psycopg://" + url[len(scheme) :]
    raise SettingsError(
        "CIVFLOW_DATABASE_URL must begin with sqlite:/// or postgresql://; "
        "for example sqlite:///var/civflow.db or postgresql://user@host/civflow."
    )


def check_safe_to_serve(settings: Settings) -> None:
    """Raise SettingsError, with every fault, when a value is only good enough for a demonstration."""
    if settings.demonstration:
        return
    faults = []
    if len(settings.secret_key) < 32:
        faults.append(
            "CIVFLOW_SECRET_KEY must have at least 32 characters. "
            'Make one with: python3 -c "import secrets; print(secrets.token_urlsafe(48))"'
        )
    if not settings.smtp_url:
        faults.append("CIVFLOW_SMTP_URL must name a mail server, such as smtp://localhost:25.")
    if faults:
        raise SettingsError("\n".join(faults))
