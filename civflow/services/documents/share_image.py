"""The picture that stands beside a link to a challenge where people share it: 1200 by 630 pixels, as PNG."""

from __future__ import annotations

from functools import lru_cache
from io import BytesIO
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont

FONTS = Path(__file__).parents[2] / "static" / "fonts"
SIZE, EDGE = (1200, 630), 80
GROUND, PALE, WHITE, ACCENT = "#0b4a52", "#cfe5e6", "#ffffff", "#f2a33a"
MOST_LINES = 4


@lru_cache(maxsize=128)
def picture(programme: str, title: str, sponsor: str, status: str) -> bytes:
    """The title in large letters, whose challenge it is, and what can be done with it now; in small, the programme."""
    image = Image.new("RGB", SIZE, GROUND)
    draw = ImageDraw.Draw(image)
    _funnel(draw)
    draw.text((EDGE + 76, 70), programme, font=_font("Semibold", 36), fill=PALE)
    size = next((s for s in (84, 72, 62, 54) if len(_lines(draw, title, s)) <= MOST_LINES - (s > 62)), 48)
    y = 170
    for line in _lines(draw, title, size)[:MOST_LINES]:
        draw.text((EDGE, y), line, font=_font("Semibold", size), fill=WHITE)
        y += round(size * 1.15)
    draw.text(
        (EDGE, SIZE[1] - 150), _lines(draw, sponsor, 38)[0] if sponsor else "", font=_font("Regular", 38), fill=PALE
    )
    draw.text((EDGE, SIZE[1] - 96), _lines(draw, status, 38)[0], font=_font("Semibold", 38), fill=ACCENT)
    stored = BytesIO()
    image.save(stored, "PNG", optimize=True)
    return stored.getvalue()


def _funnel(draw: ImageDraw.ImageDraw) -> None:
    """The mark: three bars that shrink."""
    for left, top, width, colour in ((0, 0, 52, PALE), (9, 17, 34, WHITE), (18, 34, 16, ACCENT)):
        draw.rounded_rectangle((EDGE + left, 74 + top, EDGE + left + width, 74 + top + 11), 3, fill=colour)


@lru_cache(maxsize=16)
def _font(weight: str, size: int) -> ImageFont.FreeTypeFont:
    return ImageFont.truetype(str(FONTS / f"SourceSansPro-{weight}.otf"), size)


def _lines(draw: ImageDraw.ImageDraw, text: str, size: int) -> list[str]:
    """The text in lines that fit between the edges; a word that is longer than a line is cut."""
    font, room = _font("Semibold", size), SIZE[0] - 2 * EDGE
    lines = [""]
    for word in text.split():
        longer = f"{lines[-1]} {word}".strip()
        if draw.textlength(longer, font=font) <= room:
            lines[-1] = longer
        else:
            while draw.textlength(word, font=font) > room:
                word = word[:-2] + "…"  # noqa: PLW2901
            lines.append(word)
    return [line for line in lines if line] or [""]
