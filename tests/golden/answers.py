"""An answer as text: its status, its headers, and what a reader would see of its body."""

from __future__ import annotations

import hashlib
import io
import json
import zipfile
from functools import cache

from pypdf import PdfReader
from werkzeug.test import TestResponse

from tests.golden.normal import LEFT_OUT, without_chance

TEXTS = (
    "text/",
    "application/xml",
    "application/atom+xml",
    "application/rss+xml",
    "image/svg+xml",
    "application/javascript",
)


def as_text(response: TestResponse) -> str:
    """The whole answer, without what is random."""
    headers = sorted(f"{name}: {value}" for name, value in response.headers if name not in LEFT_OUT)
    head = "\n".join([response.status, *headers])
    return f"{without_chance(head + chr(10))}\n{without_chance(body_as_text(response.data, response.mimetype))}"


def body_as_text(body: bytes, kind: str) -> str:
    """The words of a page, a table, a PDF or a workbook; of anything else its fingerprint."""
    if kind == "application/json":
        return json.dumps(json.loads(body), indent=1, ensure_ascii=False)
    if kind.startswith(TEXTS):
        return body.decode()
    if kind == "application/pdf":
        return pdf_as_text(body)
    if kind.startswith("application/vnd.openxmlformats"):
        return _workbook_as_text(body)
    return f"{len(body)} bytes, SHA-256 {hashlib.sha256(body).hexdigest()}"


@cache
def pdf_as_text(pdf: bytes) -> str:
    """What stands in the document and in its properties, page by page."""
    reader = PdfReader(io.BytesIO(pdf))
    properties = [f"{name}: {value}" for name, value in sorted((reader.metadata or {}).items()) if "Date" not in name]
    return "\n\n".join([f"{len(reader.pages)} pages", *properties, *(page.extract_text() for page in reader.pages)])


def _workbook_as_text(body: bytes) -> str:
    """Every part of a workbook but its properties, which say when it was made."""
    with zipfile.ZipFile(io.BytesIO(body)) as parts:
        names = sorted(name for name in parts.namelist() if not name.startswith("docProps/"))
        return "\n".join(f"{name}\n{parts.read(name).decode(errors='replace')}" for name in names)
