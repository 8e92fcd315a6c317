"""What a user chooses of a TFLM project."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from mcuzoo.codegen.model_array import Embed
from mcuzoo.plan.tflm.image import HeadPlan
from mcuzoo.plan.tflm.requests import Kernels


@dataclass(frozen=True)
class TflmOptions:
    """tree: a folder as create_tflm_tree.py makes it; None for an application of the MCUXpresso
    SDK, which has one or is told of one when it is built. plan None: what makes the smaller arena.

    arena_bytes: reserve so much, None for the prediction and a margin. recording: a firmware for
    measuring, with the allocator of TFLM that keeps account.
    """

    tree: Path | None
    kernels: Kernels = "cmsis-nn"
    plan: HeadPlan | None = None
    embed: Embed = "array"
    arena_bytes: int | None = None
    recording: bool = False
