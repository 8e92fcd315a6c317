"""Write drawn signs to a folder that `run-serial --images` takes: pictures, manifest, labels."""

from __future__ import annotations

import csv
import hashlib
import io
from pathlib import Path

import numpy as np
import numpy.typing as npt

from mcuzoo.data.drawn_signs.classes import CLASS_NAMES
from mcuzoo.data.drawn_signs.draw import draw_sign
from mcuzoo.extras import missing_error
from mcuzoo.files import write_whole

TRAINING_SEEDS = (101, 102, 103)
"""Seeds that the bundled model was trained, watched and tested with: draw fresh tests from others.
"""


def write_signs(directory: Path, *, n: int, seed: int) -> Path:
    """Draw `n` signs, all classes equally often (to within one), and return the manifest's path.

    Writes `0000_stop.png` and so on (their pixels are those of `draw_sign`), `labels.txt` (one
    class name a line) and, last, `manifest.csv` (columns file,label,sha256; label is the class
    index). Raises ValueError for a negative `n` or seed, and MissingExtraError without Pillow or
    OpenCV.
    """
    if n < 0:
        raise ValueError(f"n is {n}, a number of pictures cannot be negative")
    directory.mkdir(parents=True, exist_ok=True)
    table = io.StringIO()
    writer = csv.writer(table, lineterminator="\n")
    writer.writerow(("file", "label", "sha256"))
    for position in range(n):
        index, label = divmod(position, len(CLASS_NAMES))
        name = f"{position:04d}_{CLASS_NAMES[label]}.png"
        content = png_bytes(draw_sign(label, seed, index))
        write_whole(directory / name, content)
        writer.writerow((name, label, hashlib.sha256(content).hexdigest()))
    write_whole(directory / "labels.txt", ("\n".join(CLASS_NAMES) + "\n").encode())
    manifest = directory / "manifest.csv"
    write_whole(manifest, table.getvalue().encode())
    return manifest


def png_bytes(pixels: npt.NDArray[np.uint8]) -> bytes:
    """A PNG of uint8 [height, width, 3]. Raises MissingExtraError without Pillow."""
    try:
        from PIL import Image
    except ImportError:
        raise missing_error(["pillow"], "Writing signs") from None
    stream = io.BytesIO()
    Image.fromarray(pixels).save(stream, "png")
    return stream.getvalue()
