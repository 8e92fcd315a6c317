"""Which C files of firmware/ a generated model calls."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path, PurePosixPath

from mcuzoo.lowering.call import Call
from mcuzoo.lowering.rows import RowChain
from mcuzoo.ops.lower import lower
from mcuzoo.plan.memory_plan import MemoryPlan
from mcuzoo.resources import firmware_dir

RUNTIME_SOURCE = "runtime/aot/mz_runtime_aot.c"
ROW_SOURCE = "runtime/aot/mz_rows.c"
"""For models with operators that work band by band."""

STREAM_SOURCE = "runtime/aot/mz_runtime_rows.c"
"""For those of them that consume their input as it arrives."""

MODEL_SOURCE = "model/mz_model.c"
"""The calls of the kernels, and their parameters."""

_INCLUDE = re.compile(r'^#include "(kernels/[^"]+)"$', re.MULTILINE)


def kernel_sources(calls: Iterable[Call]) -> tuple[str, ...]:
    """The runtime and the kernels of these calls, relative to firmware/, sorted."""
    calls = tuple(calls)
    kernels = {f"kernels/{kernel}.c" for call in calls for kernel in call.kernels}
    chains = [call for call in calls if isinstance(call, RowChain)]
    rows = (ROW_SOURCE,) if chains else ()
    stream = (STREAM_SOURCE,) if any(chain.streamed for chain in chains) else ()
    shared = sorted(_with_shared(kernels, firmware_dir()))
    return (*shared, RUNTIME_SOURCE, *rows, *stream)


def hot_sources(plan: MemoryPlan) -> tuple[str, ...]:
    """The names of the C files whose code is copied to Placement.code_region, sorted: those that an
    inference goes through."""
    if plan.placement.code_region is None:
        return ()
    compiled = (MODEL_SOURCE, *kernel_sources(plan.calls or lower(plan.program)))
    return tuple(sorted(PurePosixPath(source).name for source in compiled))


def _with_shared(kernels: Iterable[str], firmware: Path) -> set[str]:
    """`kernels` and the C files beside the headers that they include, directly or not."""
    seen: set[str] = set()
    waiting = list(kernels)
    while waiting:
        path = waiting.pop()
        if path in seen:
            continue
        seen.add(path)
        for header in _INCLUDE.findall((firmware / path).read_text(encoding="utf-8")):
            beside = header.removesuffix(".h") + ".c"
            waiting += [header, beside] if (firmware / beside).is_file() else [header]
    return {path for path in seen if path.endswith(".c")}
