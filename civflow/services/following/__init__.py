"""Following: people ask to be told about a record or a search, and are told once of each thing that happens."""

from civflow.services.following.digest import compare_with_searches, due_at, is_waiting, send_daily
from civflow.services.following.follows import (
    Followed,
    by_number,
    by_token,
    daily_of,
    deliver,
    end,
    follow,
    followable,
    mine,
    of,
    record_of,
    title_of,
)
from civflow.services.following.publish import SUBJECTS, publish_news

__all__ = [
    "SUBJECTS",
    "Followed",
    "by_number",
    "by_token",
    "compare_with_searches",
    "daily_of",
    "deliver",
    "due_at",
    "end",
    "follow",
    "followable",
    "is_waiting",
    "mine",
    "of",
    "publish_news",
    "record_of",
    "send_daily",
    "title_of",
]
