"""The demonstration: real challenges, invented people, and a whole round through the services that people use."""

from civflow.demonstration import cast
from civflow.demonstration.play import Act, Summary, begun_at, is_free, not_done, play, summary
from civflow.demonstration.script import Show, story_end, write_script

__all__ = [
    "Act",
    "Show",
    "Summary",
    "begun_at",
    "cast",
    "is_free",
    "not_done",
    "play",
    "story_end",
    "summary",
    "write_script",
]
