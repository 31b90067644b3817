"""The moment at which both sides are played and read, and the settings that they share."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

NOW = datetime(2026, 11, 23, 9, 30, tzinfo=UTC)
ADDRESS = "http://127.0.0.1"


def settings_of(folder: Path) -> dict[str, str]:
    """What civflow is told about a folder that holds a demonstration: names of settings, without CIVFLOW_."""
    return {
        "database_url": f"sqlite:///{database_of(folder)}",
        "files": str(folder / "files"),
        "demonstration": "1",
        "sqlite_synchronous": "NORMAL",
        "base_url": ADDRESS,
        "log": "ERROR",
    }


def database_of(folder: Path) -> Path:
    return folder / "civflow.db"
