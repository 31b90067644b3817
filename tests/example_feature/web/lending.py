"""The page of a shed."""

from __future__ import annotations

from flask import Blueprint, render_template

from civflow.web.shared.access import load_case, open_to, signed_in
from tests.example_feature.models.lending import Shed

blueprint = Blueprint("lending", __name__, template_folder="templates")


@blueprint.get("/sheds/<int:shed_id>")
@open_to(signed_in)
def shed(shed_id: int) -> str:
    """A shed, for whoever keeps it or has one of its tools."""
    found, _ = load_case(Shed, shed_id)
    return render_template("lending/shed.html", shed=found)
