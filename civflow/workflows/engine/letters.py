"""Letters: what people read of a step that somebody has taken, as the step's page says it; its followers read news.

    tells={"the_members": Letter("Your team has ended: {title}", "{actor} has disbanded the team.")}

In braces stands a column of the record (a moment in the words of its clock, a sum in pounds), its `stage` as the
programme calls it, the record's `title`, the `actor`, the `reason`, and the step's `button` and what it `says`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

NAMED = ("title", "actor", "reason", "button", "says")  # what a letter may name beside the record's columns


@dataclass(frozen=True)
class Letter:
    """What an audience reads of a step: a subject and a body, below which the reason stands; or a template by name.

    `template`: of templates/notifications/mail. `words`: the function, marked @words in services, that answers what
    the template prints beside the title, the actor and the reason. `about`: the path that the letter leads to, where
    that is not the record's own. `to_all`: whoever takes the step gets it too.
    """

    subject: str = ""
    body: str = ""
    template: str = ""
    words: str = ""
    about: str = ""
    to_all: bool = False

    @property
    def texts(self) -> tuple[str, ...]:
        return self.subject, self.body


@dataclass(frozen=True)
class News:
    """What followers read of a step: of which kind the news is, and a sentence, or the function that makes it.

    `words`: marked @words in services; it answers the sentence as `sentence`, and an empty one is no news. Whoever gets
    a letter of the same step is not told twice; `besides`: audiences that hear of it by letters of their own.
    """

    kind: str
    sentence: str = ""
    words: str = ""
    besides: tuple[str, ...] = ()

    @property
    def texts(self) -> tuple[str, ...]:
        return (self.sentence,)


Tells = Mapping[str, Letter | News]  # by audience

# For a step that needs no words of its own: who did what, in the step's own words.
PLAIN = Letter("{title}: {button}", "{actor}: {button}. {says}")
