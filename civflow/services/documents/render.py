"""From plain data to PDF/UA: closed to the outside, and the same bytes for the same data."""

from __future__ import annotations

import hashlib
import logging
import re
import unicodedata
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from threading import Lock
from typing import Any, NamedTuple
from urllib.parse import urlsplit
from urllib.request import url2pathname

from jinja2 import Environment, PackageLoader, StrictUndefined, UndefinedError

from civflow.services.documents import filters

KINDS = ("challenge_brief", "receipt", "outcome_letter", "agreement")
STATIC = Path(__file__).parents[2] / "static"
NO_PANGO = (
    "PDFs need the library pango, which is not installed. On Debian or Ubuntu, an administrator runs: "
    "apt-get install libpango-1.0-0 libpangoft2-1.0-0 libharfbuzz-subset0"
)

# Characters that show nothing, or turn the order of what is shown: no document has a use for them.
UNSEEN = dict.fromkeys(
    [
        *range(9),
        11,
        12,
        *range(14, 32),
        *range(127, 160),
        *range(0x202A, 0x202F),
        *range(0x2066, 0x206A),
        0xFEFF,
    ]
)


class CannotRender(Exception):
    """A document that cannot be made; its text is the sentence that says why."""


def render(kind: str, data: Mapping[str, Any], *, base_url: str = "") -> bytes:
    """The PDF of a document of `kind` (one of KINDS) from `data` (plain JSON), as PDF/UA-1.

    Equal input gives equal bytes on one installation: no date and no chance goes in. Paths of pages are
    printed behind `base_url`. A character for which no font of the installation has a glyph is printed as its
    name in brackets, since PDF/UA forbids an empty box. Raises CannotRender, whose text says what is missing.
    """
    with _one_at_a_time:
        pdf, missing = _print(html(kind, data, base_url=base_url))
        if missing:
            names = {ord(character): _name(character) for character in missing}
            pdf, _ = _print(html(kind, data, base_url=base_url, instead=names))
    return pdf


def html(kind: str, data: Mapping[str, Any], *, base_url: str = "", instead: Mapping[int, str] | None = None) -> str:
    """The page that is printed: templates/documents/pdf/`kind`.html with the data's names.

    `instead` maps characters to what is written in their place.
    """
    if kind not in KINDS:
        raise ValueError(f"There is no kind of document called {kind}.")
    table = {**UNSEEN, **(instead or {})}
    try:
        return _templates().get_template(f"{kind}.html").render(_translated(data, table), base_url=base_url)
    except UndefinedError as missing:
        raise CannotRender(f"The data of this document is not complete: {missing.message}.") from missing


def _translated(value: Any, table: Mapping[int, str | None]) -> Any:
    """The same data with every text translated, keys included."""
    if isinstance(value, str):
        return value.translate(table)
    if isinstance(value, Mapping):
        return {_translated(key, table): _translated(inner, table) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_translated(inner, table) for inner in value]
    return value


def _name(character: str) -> str:
    """'[rocket]', or '[U+4E2D]' for a character whose name says no more than its number."""
    name = unicodedata.name(character, "")
    return f"[{name.lower()}]" if name and not re.search(r"\d", name) else f"[U+{ord(character):04X}]"


class Press(NamedTuple):
    """What all documents share: parsing fonts and styles again for each would cost a third of the time."""

    weasyprint: Any
    fetcher: Any
    fonts: Any
    css: Any
    remarks: Remarks


class Remarks(logging.Handler):
    """Listens to WeasyPrint, which says only in its log which characters no font has."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.missing: set[str] = set()

    def emit(self, record: logging.LogRecord) -> None:
        if "glyph rendered" in record.msg:
            self.missing |= {chr(int(code, 16)) for code in re.findall(r"\(U\+([0-9A-F]+)\)", record.getMessage())}


_one_at_a_time = Lock()  # the fonts are shared, and the log tells nobody which document it speaks of


def _print(page: str) -> tuple[bytes, set[str]]:
    """The PDF, and the characters that it could not show."""
    press = _press()
    press.remarks.missing = set()
    identifier = hashlib.sha256(page.encode(errors="surrogatepass")).hexdigest()[:32].encode()
    pdf: bytes = press.weasyprint.HTML(string=page, url_fetcher=press.fetcher).write_pdf(
        stylesheets=[press.css], font_config=press.fonts, pdf_variant="pdf/ua-1", pdf_identifier=identifier
    )
    return pdf, press.remarks.missing


@cache
def _press() -> Press:
    try:
        import weasyprint  # noqa: PLC0415 - heavy
        from weasyprint.text.fonts import FontConfiguration  # noqa: PLC0415 - heavy
    except OSError as error:
        raise CannotRender(NO_PANGO) from error
    remarks, log = Remarks(), logging.getLogger("weasyprint")
    log.handlers, log.propagate = [remarks], False
    log.setLevel(logging.WARNING)
    fonts, fetcher = FontConfiguration(), closed_fetcher(STATIC)
    css = weasyprint.CSS(filename=STATIC / "documents.css", font_config=fonts, url_fetcher=fetcher)
    return Press(weasyprint, fetcher, fonts, css, remarks)


def closed_fetcher(root: Path) -> Any:
    """A WeasyPrint fetcher that opens data: addresses and files below `root`, and nothing else."""
    from weasyprint.urls import URLFetcher  # noqa: PLC0415 - heavy

    class ClosedFetcher(URLFetcher):  # type: ignore[misc]
        def fetch(self, url: str, headers: Any = None) -> Any:
            if url.lower().startswith("file:"):
                path = Path(url2pathname(urlsplit(url).path)).resolve()
                if not path.is_relative_to(root.resolve()):
                    raise ValueError(f"A document may not open {url}.")
            return super().fetch(url, headers)

    return ClosedFetcher(allowed_protocols={"data", "file"}, allow_redirects=False)


@cache
def _templates() -> Environment:
    environment = Environment(
        loader=PackageLoader("civflow", "templates/documents/pdf"),
        undefined=StrictUndefined,
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(filters.FILTERS)
    environment.tests["web_address"] = filters.is_web_address
    return environment


def check_can_print() -> None:
    """Raise CannotRender, with what to install, where this machine cannot print."""
    _press()
