"""Programme files: what they may say, every error with its line and a sentence, and the plain values that follow.

The challenge's workflow is compiled from a programme's stages in workflows/challenges/page.py.
"""

from civflow.workflows.programme.reading import (
    Loaded,
    Problem,
    ProgrammeError,
    WrongFiles,
    read_new_programme,
    read_programme,
    shipped_programmes,
)
from civflow.workflows.programme.schema import (
    KINDS,
    Criterion,
    Form,
    Of,
    Owed,
    Panel,
    Part,
    Programme,
    Readiness,
    Retired,
    Scale,
    Scorecard,
    Scoring,
    Section,
    Stage,
)

__all__ = [
    "KINDS",
    "Criterion",
    "Form",
    "Loaded",
    "Of",
    "Owed",
    "Panel",
    "Part",
    "Problem",
    "Programme",
    "ProgrammeError",
    "Readiness",
    "Retired",
    "Scale",
    "Scorecard",
    "Scoring",
    "Section",
    "Stage",
    "WrongFiles",
    "read_new_programme",
    "read_programme",
    "shipped_programmes",
]
