"""The demonstration: real challenges, invented people, and a whole round through the services that people use."""

from civflow.services.demonstration import cast
from civflow.services.demonstration.play import Act, Summary, begun_at, holds_demonstration, is_free, play, summary
from civflow.services.demonstration.script import Show, story_end, write_script

__all__ = [
    "Act",
    "Show",
    "Summary",
    "begun_at",
    "cast",
    "holds_demonstration",
    "is_free",
    "play",
    "story_end",
    "summary",
    "write_script",
]
