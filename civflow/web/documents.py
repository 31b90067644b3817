"""Documents as PDFs, and the page that says whether one is finished yet."""

from __future__ import annotations

from io import BytesIO

from flask import Blueprint, Response, send_file

from civflow.services.documents import access
from civflow.services.documents import store as documents
from civflow.web.shared.access import anyone, open_to
from civflow.web.shared.current import actor, now, session, settings
from civflow.web.shared.htmx import page_or_fragment, redirect_to

blueprint = Blueprint("documents", __name__)
A_DAY = 86400  # seconds


@blueprint.get("/documents/<int:document_id>")
@open_to(anyone)
def show(document_id: int) -> Response:
    """What the document is, and where to get it; while it waits the page says after how many, and asks again by itself."""
    paper = access.hand_out(session(), document_id, actor=actor(), now=now())
    title, path = access.about(session(), paper)
    answer = page_or_fragment(
        "documents/show.html",
        "documents/_state.html",
        document=paper.document,
        ahead=0 if paper.document.made_at else documents.ahead_of(session(), paper.document),
        about=title,
        path=path,
    )
    if not paper.is_public:
        answer.headers["Cache-Control"] = "private, no-store"
    return answer


@blueprint.get("/documents/<int:document_id>.pdf")
@open_to(anyone)
def pdf(document_id: int) -> Response:
    """The PDF itself; one that is not finished yet leads to the page that says so."""
    paper = access.hand_out(session(), document_id, actor=actor(), now=now())
    if paper.document.made_at is None:
        return redirect_to(f"/documents/{document_id}")
    content = access.content(paper, files=settings().files)
    answer = send_file(
        BytesIO(content),
        mimetype="application/pdf",
        download_name=paper.filename,
        etag=paper.document.content_hash,
        last_modified=paper.document.made_at,
    )
    kept = f"public, max-age={A_DAY}" if paper.is_public else "private, no-store"
    answer.headers["Cache-Control"] = kept
    return answer
