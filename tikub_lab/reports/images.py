"""Pictures inside pages: as many bytes as they need, with the size that keeps the text from jumping."""

import base64
import io
import re
import warnings
from functools import lru_cache
from typing import TYPE_CHECKING
from xml.etree.ElementTree import Element

if TYPE_CHECKING:
    from PIL.Image import Image

WIDEST = 1344
"""Pixels: twice the column of a page, for screens that draw two points a pixel."""

COLUMN = 672
"""CSS pixels of the column of a page."""

LARGEST, HEAVIEST = 50_000_000, 4_000_000
"""Points that a browser may have to unpack, and characters in the page: a picture of more is not shown."""

FEW, MOST = 64, 0.6
"""A chart is known by this: its few commonest colours cover most of its points. A photograph's do not."""

_SOURCE = re.compile(r"\s*data:(image/[\w.+-]+);base64,([\w+/=\s]+)")


def fit(image: Element, name: str = "src") -> bool:
    """Compress the picture of an ``<img>`` and give it its size in CSS pixels; False where it is too large."""
    source, width, height = shrink(image.get(name, ""))
    image.set(name, source)
    if width and name == "src":
        wanted = image.get("width", "")
        shown = min(int(wanted) if re.fullmatch("[0-9]{1,5}", wanted) else width, COLUMN)
        image.attrib |= {"width": str(shown), "height": str(round(height * shown / width))}
    return bool(source)


@lru_cache(maxsize=16)
def shrink(source: str) -> tuple[str, int, int]:
    """Return a picture as a data URI no heavier than it was, with its width and height in points.

    A PNG of few colours gets a palette: exact up to 256 colours, and to the eye for a chart, whose further colours are
    the softened edges of its lines. Others are compressed without loss, JPEG is left as it is. One that is too large
    gives no data, one that can't be read no size.
    """
    from PIL import Image

    match, width, height = _SOURCE.fullmatch(source), 0, 0
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of pictures larger than ours may be
            if match:
                content = base64.b64decode(match[2])
                image: Image.Image = Image.open(io.BytesIO(content))
                width, height = image.size
                if width * height <= LARGEST and match[1] == "image/png" and image.format == "PNG":
                    content = _compressed(image, content)
                    width, height = Image.open(io.BytesIO(content)).size
                source = f"data:{match[1]};base64,{base64.b64encode(content).decode()}"
    except Image.DecompressionBombError:
        return "", 0, 0
    except (OSError, ValueError, SyntaxError, MemoryError):
        pass
    return ("", 0, 0) if width * height > LARGEST or len(source) > HEAVIEST else (source, width, height)


def _compressed(image: "Image", content: bytes) -> bytes:
    small, narrow = io.BytesIO(), _narrowed(image)
    _with_palette(narrow).save(small, "PNG", optimize=True)
    return min(content, small.getvalue(), key=len) if narrow is image else small.getvalue()


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
