"""The part of a project that its runtime decides; the rest is the same for all."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from mcuzoo.codegen.aot.emit import render_model
from mcuzoo.codegen.aot.sources import kernel_sources
from mcuzoo.codegen.sections import Sections
from mcuzoo.ops.lower import lower
from mcuzoo.plan.memory import MemoryPlan
from mcuzoo.project.manifest import TflmEntry

NO_UPLOAD_SOURCE = "upload/none/mz_upload_none.c"
"""For a firmware whose model is linked in."""

WHOLE_IMAGE_SOURCE = "image/whole/mz_image_whole.c"
STREAMED_IMAGE_SOURCE = "image/rows/mz_image_rows.c"
"""For a firmware that keeps its input until it is run, or consumes it as it arrives."""


@dataclass(frozen=True)
class RuntimePart:
    """Rendered files by project path, C and C++ files below firmware/, files for the reader."""

    rendered: Mapping[str, str]
    compiled: tuple[str, ...]
    extra: Mapping[str, bytes] = field(default_factory=dict)
    tflm: TflmEntry | None = None


def aot_part(plan: MemoryPlan, sections: Sections) -> RuntimePart:
    """Raises UnsupportedOpError for an op that has no kernel of ours."""
    calls = lower(plan.program) if plan.calls is None else plan.calls
    image = WHOLE_IMAGE_SOURCE if plan.chain is None else STREAMED_IMAGE_SOURCE
    return RuntimePart(
        rendered=render_model(plan.program, plan.arena, sections, calls),
        compiled=(*kernel_sources(calls), NO_UPLOAD_SOURCE, image),
    )
