"""The model file as data of the firmware: a C array, or the file itself taken in by the assembler.

An interpreter reads the .tflite file in place, so the array is the file byte for byte.
"""

from __future__ import annotations

import re
from typing import Literal

from mcuzoo import __version__
from mcuzoo.codegen.aot.c_text import COLUMNS, INDENT
from mcuzoo.codegen.aot.ends import end_lines
from mcuzoo.codegen.templates import render
from mcuzoo.errors import UsageError, did_you_mean
from mcuzoo.graph.model import Model
from mcuzoo.lowering.words import comment_text

Embed = Literal["array", "incbin"]

HEADER_FILE = "model/mz_model_data.h"
ARRAY_FILE = "model/mz_model_data.c"
ASSEMBLY_FILE = "model/mz_model_data.S"

_EMBEDS: tuple[Embed, ...] = ("array", "incbin")
_SECTION = re.compile(r"\.?[A-Za-z_][A-Za-z0-9_.]*")
_WORDS = [f"{value}," for value in range(256)]
_PER_LINE = (COLUMNS - len(INDENT)) // max(map(len, _WORDS))


def check_embed(name: str) -> Embed:
    """`name` itself; raises UsageError when it is unknown."""
    for embed in _EMBEDS:
        if name == embed:
            return embed
    raise UsageError(
        f"--embed {name}: no such way to embed a model.",
        f"{did_you_mean(name, _EMBEDS)}Use --embed array or --embed incbin.",
    )


def render_model_array(
    model: Model,
    source: str,
    section: str = ".mz_weights",
    embed: Embed = "array",
    file: str = "model.tflite",
) -> dict[str, str]:
    """The header and the source that hold `model.raw`, by path in the project folder.

    source: the name of the file that the model came from, for the reader. section: the linker
    section that placement chose. file: with "incbin", the model's file as the assembler finds it
    in the include directories. Raises ValueError for a section that is no section's name.
    """
    if not _SECTION.fullmatch(section):
        raise ValueError(f"{section!r} is no name of a linker section")
    facts = {
        "title": comment_text(model.name),
        "tool_version": __version__,
        "source": comment_text(source),
        "section": section,
    }
    header = render(
        "tflm/mz_model_data.h.j2",
        **facts,
        sha256=model.sha256,
        bytes=model.bytes,
        ends=end_lines(model),
    )
    if embed == "incbin":
        assembly = render("tflm/mz_model_data.S.j2", **facts, file=file)
        return {HEADER_FILE: header, ASSEMBLY_FILE: assembly}
    values = render("tflm/mz_model_data.c.j2", **facts, values=_array_text(model.raw))
    return {HEADER_FILE: header, ARRAY_FILE: values}


def _array_text(content: bytes) -> str:
    """Decimal: short and, unlike one long string, within what every C compiler must take."""
    words = [_WORDS[value] for value in content]
    rows = (words[start : start + _PER_LINE] for start in range(0, len(words), _PER_LINE))
    return "\n".join(INDENT + "".join(row) for row in rows)
