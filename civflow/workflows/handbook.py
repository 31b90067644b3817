"""THE HANDBOOK: every page that a feature of the list names, by the name of its noun."""

from civflow import features
from civflow.workflows.engine import Workflow

HANDBOOK: dict[str, Workflow] = {
    page.name: page
    for module in features.modules("pages")
    for page in vars(module).values()
    if isinstance(page, Workflow)
}
