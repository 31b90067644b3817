"""The list of features with one more: whoever names this module as a plugin of pytest tests civflow with the example."""

from __future__ import annotations

import tests.example_feature.models.lending  # noqa: F401 - before the tests' databases ask which tables there are
from civflow import features
from tests.example_feature import LENDING

features.FEATURES = (*features.FEATURES, LENDING)
