"""Completes the wheel: the front-end assets must be there, and the migrations go inside."""

from pathlib import Path
from typing import Any

from hatchling.builders.config import BuilderConfig
from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class CustomBuildHook(BuildHookInterface[BuilderConfig]):
    """Does nothing for an editable install, which finds both in the clone."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Put migrations/ into the package; raise FileNotFoundError when the assets are not there."""
        if version == "editable":
            return
        root = Path(self.root)
        if not (root / "civflow/static/vendor/govuk-frontend.min.css").is_file():
            raise FileNotFoundError("civflow/static/vendor is empty. Run `make setup` first: it brings the assets.")
        build_data["force_include"][str(root / "migrations")] = "civflow/migrations"
