"""What was printed before, by the hash of what it shows: a demonstration that is played again prints nothing anew.

`printed/` in the folder of the files says under the hash of a page which of the kept PDFs shows it. It can be deleted at
any time; what nobody has asked for in KEPT goes by itself when a demonstration begins.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Mapping
from datetime import datetime, timedelta
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import Any

from civflow.services.documents import render as rendering
from civflow.services.documents.render import STATIC, html, render

KEPT = timedelta(days=30)
PRESS = ("weasyprint", "pydyf", "fonttools")  # a PDF of other versions may look otherwise


def print_once(kind: str, data: Mapping[str, Any], *, base_url: str, files: Path) -> bytes:
    """The PDF of render.render, from below `files` where this page was printed before. Raises CannotRender."""
    known = files / "printed" / _hash_of(html(kind, data, base_url=base_url))
    pdf = _kept(known, files)
    if pdf is None:
        pdf = render(kind, data, base_url=base_url)
        known.parent.mkdir(parents=True, exist_ok=True)
        known.write_text(hashlib.sha256(pdf).hexdigest())
    return pdf


def path_of(content_hash: str) -> Path:
    """Where the PDF with these bytes is kept, below the folder of the files."""
    return Path("documents") / content_hash[:2] / f"{content_hash}.pdf"


def forget(files: Path, *, now: datetime) -> int:
    """Delete what nobody has asked for in KEPT, and leave the PDFs, which documents may be; how many."""
    old = [known for known in (files / "printed").glob("*") if known.stat().st_mtime < (now - KEPT).timestamp()]
    for known in old:
        known.unlink(missing_ok=True)
    return len(old)


def _kept(known: Path, files: Path) -> bytes | None:
    """The PDF that this mark speaks of, or None where it is not kept, or not as it was printed."""
    try:
        content_hash = known.read_text()
        pdf = (files / path_of(content_hash)).read_bytes()
    except OSError:
        return None
    if hashlib.sha256(pdf).hexdigest() != content_hash:
        return None
    os.utime(known)
    return pdf


def _hash_of(page: str) -> str:
    return hashlib.sha256(_press() + page.encode(errors="surrogatepass")).hexdigest()


@cache
def _press() -> bytes:
    """A hash of what a PDF owes to the style, the fonts and the press."""
    digest = hashlib.sha256(repr([version(name) for name in PRESS]).encode())
    for file in (Path(rendering.__file__), STATIC / "documents.css", *sorted(STATIC.glob("fonts/*.otf"))):
        digest.update(file.read_bytes())
    return digest.digest()
