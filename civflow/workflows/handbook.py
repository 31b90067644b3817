"""THE HANDBOOK: every page that a feature of the list names, by the name of its noun."""

from civflow import features
from civflow.workflows.engine import Workflow
from civflow.workflows.engine.contents import contents, lock_order
from civflow.workflows.engine.endings import check_endings

HANDBOOK: dict[str, Workflow] = contents(
    page for module in features.modules("pages") for page in vars(module).values() if isinstance(page, Workflow)
)
check_endings(HANDBOOK)
LOCK_ORDER = lock_order(tuple(HANDBOOK.values()))
