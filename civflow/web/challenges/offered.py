"""A step that has a page of its own: whether it is offered, and taking it with what was typed there."""

from __future__ import annotations

from civflow.models import Tracked
from civflow.services.engine.advance import options
from civflow.web.shared.current import actor, now, session
from civflow.web.shared.step_form import Attempt, attempt, take, typed_inputs
from civflow.workflows.engine import NotFound, Option

NOT_HERE = "This step is not possible from where the record stands now. Go back and look at it again."


def offered(record: Tracked, *triggers: str) -> Option | None:
    """The first of these steps that the record's state offers."""
    found = options(session(), record, actor=actor(), now=now())
    return next((option for option in found if option.step.name in triggers), None)


def take_offered(record: Tracked, option: Option | None) -> Attempt:
    """Take the step with what was typed, and commit. Raises Forbidden, and NotFound where the state offers none."""
    option = there(option)
    with attempt() as tried:
        take(record, option.step.name, **typed_inputs(record, option.step))
    return tried


def there(option: Option | None) -> Option:
    """The option, if the state offers it. Raises NotFound otherwise."""
    if option is None:
        raise NotFound(NOT_HERE)
    return option
