"""Following: people ask to be told about a challenge or a search, and are told once of each thing that happens."""

from civflow.services.following.telling import tell

__all__ = ["tell"]
