"""Names that try to become code wherever they are shown, and boards and models that have them."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from helpers.tflite_file import O, T, build_model

from mcuzoo.board.load import load_board
from mcuzoo.board.model import Board
from mcuzoo.project.recipe import Recipe
from mcuzoo.zoo.registry import ModelSource

CANARY = "MZ_CANARY"
"""What a name that runs leaves behind, as a file."""

_BEGUN = r"(execute_process\(COMMAND touch|#error$)"
_CMAKE = f"execute_process(COMMAND touch {CANARY})"
PRINTABLE = (
    f"*/ #error x /* \" ' ) {_CMAKE} ]] ${{HOME}} $ENV{{HOME}} $(shell,touch {CANARY}) "
    f"`touch {CANARY}` $(touch {CANARY}) $<1:x> @X@ ; # | \\ % ??/ ??' {{{{ 7*7 }}}} <b> "
    "\u05d0\u05d1"
)
UNPRINTABLE = f"\n{_CMAKE}\n#error\n\r\t\x1b]0;x\x07\u202e\u2028\udc80\\"
HOSTILE = PRINTABLE + UNPRINTABLE + "\0\n"
LONG = "n" * 300


def file_name(text: str) -> str:
    """As much of `text` as a file's name may have."""
    safe = text.replace("/", "\u2215").replace("\0", "")
    while len(os.fsencode(safe)) > 230:
        safe = safe[:-1]
    return safe


def hostile_board(base: str, text: str = PRINTABLE) -> Board:
    """The board `base` with `text` in every field that takes words."""
    raw = load_board(base).model_dump(mode="python", by_alias=True)
    raw |= {"name": text[:80], "part": text[-80:]}
    raw["console"] |= {"name": text[:80], "tx_pin": text[:80], "rx_pin": text[:80]}
    raw["boot"]["switches"] = text
    tables = [raw["boot"]["fcb"]["lut"], raw["boot"]["fcb"]["custom_sequences"]]
    startup = raw["startup"]
    stages = [stage for kind in ("clocks", "pins", "sdram") for stage in startup[kind]]
    tables += [stages, startup["watchdogs"], raw["peripherals"]]
    tables += [stage[part] for stage in stages for part in ("when", "unless", "steps")]
    for table in tables:
        for row in table:
            row |= {key: text for key in ("what", "name", "reg", "why") if key in row}
    for table in _tables(raw):
        table |= {"source": text} if "source" in table else {}
    return Board.model_validate(raw)


def _tables(value: Any) -> Iterator[dict[str, Any]]:
    if isinstance(value, dict):
        yield value
    items = value.values() if isinstance(value, dict) else value
    if isinstance(value, dict | list | tuple):
        for item in items:
            yield from _tables(item)


def hostile_source(folder: Path, name: str) -> ModelSource:
    """A CONV_2D whose tensors, file, labels and samples are called `name`."""
    folder.mkdir(parents=True)
    weights = np.ones((4, 3, 3, 3), np.int8)
    tensor = name.replace("\udc80", "?")
    tensors = [
        T(tensor, (1, 8, 8, 3), scale=0.5, zero_point=0),
        T(f"w{tensor}", weights.shape, scale=[0.1] * 4, axis=0, data=weights),
        T(f"o{tensor}", (1, 8, 8, 4), scale=0.5, zero_point=0),
    ]
    options = {"padding": "SAME", "stride_w": 1, "stride_h": 1}
    model = folder / f"{file_name(name)}.tflite"
    model.write_bytes(build_model(tensors, [O("CONV_2D", (0, 1), (2,), options)], [0], [2]))
    samples = folder / "samples"
    samples.mkdir()
    (samples / f"{file_name(name)[:80]}.png").write_bytes(b"not looked at by an export")
    (samples / "manifest.csv").write_text("file,label\n")
    labels = (name, "", "\n", "go")
    return ModelSource(name, model, Recipe(crop=0.875), labels, samples)


def canaries(folder: Path) -> list[Path]:
    """What ran, below `folder` or where the tests run."""
    return [*folder.rglob(CANARY), *Path().glob(CANARY)]


def loose_text(text: str) -> list[str]:
    """Lines of a rendered file that a name has begun, or characters that it should not have."""
    lines = [line for line in text.splitlines() if re.match(rf"\s*{_BEGUN}", line)]
    return lines + [char for char in text if not char.isprintable() and char not in "\n\t"]
