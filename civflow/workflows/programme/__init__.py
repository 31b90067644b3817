"""Programme files: what they may say, every error with its line and a sentence, and the plain values that follow.

The challenge's workflow is compiled from a programme's stages in workflows/challenges/page.py.
"""

from civflow.workflows.programme.reading import (
    Loaded,
    Problem,
    ProgrammeError,
    WrongFiles,
    read_programme,
    shipped_programmes,
)
from civflow.workflows.programme.schema import (
    KINDS,
    KNOWN_ROLES,
    SEEN,
    Criterion,
    Form,
    Owed,
    Panel,
    Programme,
    Readiness,
    Scale,
    Scorecard,
    Scoring,
    Section,
    Stage,
)

__all__ = [
    "KINDS",
    "KNOWN_ROLES",
    "SEEN",
    "Criterion",
    "Form",
    "Loaded",
    "Owed",
    "Panel",
    "Problem",
    "Programme",
    "ProgrammeError",
    "Readiness",
    "Scale",
    "Scorecard",
    "Scoring",
    "Section",
    "Stage",
    "WrongFiles",
    "read_programme",
    "shipped_programmes",
]
