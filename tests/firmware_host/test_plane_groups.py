"""The groups of outputs that the depthwise kernel takes, as the predictions count them."""

from __future__ import annotations

import ctypes
from pathlib import Path

import numpy as np
from helpers.kernel_library import build_kernel_library

from mcuzoo.ops.kernels.plane_groups import plane_groups

ROW_BYTES = 544


class Pass(ctypes.Structure):
    """mz_planes_pass."""

    _fields_ = [
        (name, ctypes.c_int32)
        for name in (
            *("output_step", "last_output", "group_input", "group_output", "line_step"),
            *("input_skip", "output_skip", "line_bytes", "end_bytes", "kind", "start"),
        )
    ]

    @property
    def groups(self) -> int:
        """Groups of a line times lines."""
        along = self.line_bytes // self.group_input if self.group_input else 1
        lines = (self.end_bytes - self.line_bytes) // self.line_step if self.line_step else 1
        return int(along * lines)


class Job(ctypes.Structure):
    """mz_planes_job."""

    _fields_ = [
        ("channels", ctypes.c_void_p),
        ("count", ctypes.c_int32),
        ("plane_bytes", ctypes.c_int32),
        ("planes", ctypes.c_void_p),
        ("output", ctypes.c_void_p),
        ("output_step", ctypes.c_int32),
        *((name, ctypes.c_int32) for name in ("columns", "rows", "row_bytes", "stride", "passes")),
        ("pass_", Pass * 3),
    ]


def test_groups_are_those_of_the_kernel(tmp_path: Path) -> None:
    prepare = build_kernel_library(tmp_path).mz_planes_prepare
    for stride, columns, rows in np.ndindex(2, 18, 18):
        job, channels = Job(), 24
        sizes = (stride + 1, columns + 1, rows + 1)
        prepare(ctypes.byref(job), *sizes, 68, channels, (columns + 1) * channels)
        passes = job.pass_[: job.passes]
        assert (sum(one.groups for one in passes), job.passes) == plane_groups(*sizes)
