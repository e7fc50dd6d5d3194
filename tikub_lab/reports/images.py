"""Pictures inside pages: as many bytes as they need, with the size that keeps the text from jumping."""

import base64
import binascii
import io
import re
import warnings
from functools import lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from bs4 import Tag
    from PIL.Image import Image

WIDEST = 1344
"""Pixels: twice the column of a page, for screens that draw two points a pixel."""

COLUMN = 672
"""CSS pixels of the column of a page."""

LARGEST = 50_000_000
"""Points: a picture of more is left as it is rather than unpacked in memory."""

FEW, MOST = 64, 0.6
"""A chart is known by this: its few commonest colours cover most of its points. A photograph's do not."""

_SOURCE = re.compile(r"data:(image/(?:png|jpeg));base64,([\w+/=\s]+)")


def fit(tag: "Tag") -> None:
    """Compress the picture of an ``<img>`` and give it its width and height in CSS pixels."""
    match = _SOURCE.fullmatch(str(tag.get("src", "")).strip())
    shrunk = shrink(match[1], re.sub(r"\s", "", match[2])) if match else None
    if shrunk is None:
        return
    source, width, height = shrunk
    wanted = str(tag.get("width", ""))
    shown = min(int(wanted) if wanted.isdecimal() and int(wanted) else width, COLUMN)
    tag["src"], tag["width"], tag["height"] = source, str(shown), str(round(height * shown / width))


@lru_cache(maxsize=16)
def shrink(kind: str, text: str) -> tuple[str, int, int] | None:
    """Return a picture as a data URI no heavier than it was, with its width and height in points; None if unreadable.

    A PNG of few colours gets a palette: exact up to 256 colours, and to the eye for a chart, whose further colours are
    the softened edges of its lines. Others are compressed without loss, JPEG is left as it is.
    """
    try:
        content = base64.b64decode(text, validate=True)
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            return _shrunk(kind, content)
    except (OSError, ValueError, SyntaxError, MemoryError, binascii.Error, Warning):
        return None


def _shrunk(kind: str, content: bytes) -> tuple[str, int, int]:
    from PIL import Image

    image: Image.Image = Image.open(io.BytesIO(content), formats=["PNG", "JPEG"])
    if kind == "image/png" and image.format == "PNG" and image.width * image.height <= LARGEST:
        small = io.BytesIO()
        image = _narrowed(image)
        _with_palette(image).save(small, "PNG", optimize=True)
        content = min(content, small.getvalue(), key=len) if image.width == _width(content) else small.getvalue()
    return f"data:{kind};base64,{base64.b64encode(content).decode()}", image.width, image.height


def _width(content: bytes) -> int:
    return int.from_bytes(content[16:20], "big")


def _narrowed(image: "Image") -> "Image":
    from PIL import Image

    if image.width <= WIDEST:
        return image
    size = (WIDEST, max(1, round(image.height * WIDEST / image.width)))
    return image.convert("RGBA").resize(size, Image.Resampling.LANCZOS)


def _with_palette(image: "Image") -> "Image":
    from PIL import Image

    if image.mode not in {"RGB", "RGBA"}:
        return image
    if image.mode == "RGBA" and image.getchannel("A").getextrema() == (255, 255):
        image = image.convert("RGB")
    colors = image.getcolors(maxcolors=1 << 16)
    if colors is None:
        return image
    if len(colors) <= 256:
        return _exact(image)
    covered = sum(sorted((count for count, _ in colors), reverse=True)[:FEW])
    if covered < MOST * image.width * image.height:
        return image
    method = Image.Quantize.FASTOCTREE if image.mode == "RGBA" else Image.Quantize.MEDIANCUT
    return image.quantize(256, method=method, dither=Image.Dither.NONE)


def _exact(image: "Image") -> "Image":
    """Return the same picture with a palette of its own colours, 256 at most."""
    import numpy as np
    from PIL import Image

    points = np.asarray(image).reshape(-1, len(image.mode))
    colors, places = np.unique(points, axis=0, return_inverse=True)
    flat = Image.fromarray(places.astype("uint8").reshape(image.height, image.width))
    flat.putpalette(colors.tobytes(), rawmode=image.mode)
    return flat
