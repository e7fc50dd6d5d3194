"""Pictures inside pages: as many bytes as they need, and a size, or the text would jump."""

import base64
import io
import re
import warnings
from functools import lru_cache
from typing import TYPE_CHECKING
from xml.etree.ElementTree import Element

if TYPE_CHECKING:
    from PIL.Image import Image

COLUMN, WIDEST = 672, 1344
"""CSS pixels of the column of a page, and points of a picture: some screens draw two a pixel."""

LARGEST, HEAVIEST = 50_000_000, 4_000_000
"""Points that a browser may have to unpack, and characters in the page: a picture of more is not shown."""

FEW, MOST = 64, 0.6
"""A chart's few commonest colours cover most of its points; a photograph's do not."""

_SOURCE = re.compile(r"\s*data:(image/[\w.+-]+);base64,([\w+/=\s]+)")


def fit(image: Element, name: str = "src") -> bool:
    """Compress the picture of an ``<img>`` and give its size; False where it is too large."""
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

    PNG of few colours and charts get a palette; what is too large gives no data, what can't be read no size.
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
    from PIL import Image

    flat, small = image, io.BytesIO()
    if image.width > WIDEST:
        size = (WIDEST, max(1, round(image.height * WIDEST / image.width)))
        flat = image.convert("RGBA").resize(size, Image.Resampling.LANCZOS)
    if flat.mode == "RGBA" and flat.getchannel("A").getextrema() == (255, 255):
        flat = flat.convert("RGB")
    colors = [count for count, _ in (flat.getcolors(1 << 16) or [] if flat.mode in {"RGB", "RGBA"} else [])]
    chart = sum(sorted(colors, reverse=True)[:FEW]) >= MOST * flat.width * flat.height
    if chart or (flat.mode == "RGB" and 0 < len(colors) <= 256):
        method = Image.Quantize.MEDIANCUT if flat.mode == "RGB" else Image.Quantize.FASTOCTREE
        flat = flat.quantize(256, method=method, dither=Image.Dither.NONE)
    flat.save(small, "PNG", optimize=True)
    return min(content, small.getvalue(), key=len) if image.width <= WIDEST else small.getvalue()
