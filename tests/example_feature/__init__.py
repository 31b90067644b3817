"""An example of a feature, beside civflow: sheds that lend tools. It is loaded by its name in the list, and by nothing else.

The files have the places and names that the README's recipe gives them. `lending_test.py` is run by `tests/test_example_feature.py`, in a
process of its own whose list of features has one more.
"""

from civflow.features import Feature

LENDING = Feature(
    "lending",
    needs=("engine", "notifications"),
    root="tests.example_feature",
    pages=("lending",),
    facts=("lending.facts",),
    effects=("lending.effects",),
    audiences=("lending.audiences",),
    views=("lending",),
)
