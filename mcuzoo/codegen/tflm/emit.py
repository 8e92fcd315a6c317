"""The C of a TFLM project that depends on its model: facts, operators, the model file itself."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from mcuzoo.codegen.aot.ends import sha256_rows, view_end
from mcuzoo.codegen.model_array import Embed, render_model_array
from mcuzoo.codegen.sections import Sections
from mcuzoo.codegen.templates import render
from mcuzoo.codegen.tflm.registration import Registration
from mcuzoo.graph.program import Program
from mcuzoo.lowering.words import comment_text
from mcuzoo.plan.place.traffic import MODEL_SYMBOL
from mcuzoo.plan.tflm.image import TflmImage

EMBEDDED_FILE = "model/mz_model_data.tflite"
"""What the board runs: the model file less its ends, with our plan."""


@dataclass(frozen=True)
class OpRow:
    """One mz_tflm_op of the firmware."""

    index: int
    output: int
    output_bytes: int
    name: str


def render_tflm_model(
    program: Program,
    image: TflmImage,
    registered: Iterable[Registration],
    source: str,
    sections: Sections,
    embed: Embed = "array",
    recording: bool = False,
) -> dict[str, str]:
    """`model/...` files by project path. source: see render_model_array.

    recording: with TFLM's recording allocator at hand, see link protocol.

    Raises ModelError when the model's ends cannot be described.
    """
    title = comment_text(program.model.name)
    header = render(
        "tflm/mz_model.h.j2",
        title=title,
        plan=image.plan,
        used_bytes=image.arena.used_bytes,
        head_bytes=image.arena.head_bytes,
        tail_bytes=image.arena.tail_bytes,
        arena_bytes=image.arena_bytes,
        recording=recording,
        ops=image.model.ops,
    )
    facts = render(
        "tflm/mz_model.c.j2",
        title=title,
        sha256=sha256_rows(program.model.sha256),
        input=view_end(program.input_tensor),
        output=view_end(program.output_tensor),
        op_count=len(program.model.ops),
        ops=_op_rows(image),
        arena_section=sections.arena,
    )
    resolver = render("tflm/mz_resolver.h.j2", title=title, registrations=list(registered))
    return {
        "model/mz_model.h": header,
        "model/mz_model.c": facts,
        "model/mz_resolver.h": resolver,
        **render_model_array(
            image.model,
            source,
            sections.home(MODEL_SYMBOL),
            embed,
            EMBEDDED_FILE.removeprefix("model/"),
        ),
    }


def _op_rows(image: TflmImage) -> list[OpRow]:
    return [
        OpRow(index, op.outputs[0], image.model.tensor(op.outputs[0]).bytes, op.name)
        for index, op in zip(image.op_indices, image.model.ops, strict=True)
    ]
