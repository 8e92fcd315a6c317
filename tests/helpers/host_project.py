"""A project of a small model, and its firmware as a process of this machine."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from helpers.exported import export_project
from helpers.fake_board import write_images
from helpers.host_firmware import build_host_firmware
from helpers.spoiled import spoil_layer
from helpers.tflite_builder import conv_model

from mcuzoo.board.load import load_board
from mcuzoo.project.manifest import write_manifest
from mcuzoo.project.recipe import Recipe
from mcuzoo.zoo.registry import ModelSource

SIDE = 48
CLASSES = 7


@dataclass(frozen=True)
class HostProject:
    """`firmware` is the project's own generated C, kernels and link, sanitized."""

    folder: Path
    firmware: Path
    images: Path


def make_host_project(
    folder: Path, images: int, seed: int = 3, spoiled: bool = False, side: int = SIDE
) -> HostProject:
    """Export a one-layer classifier of random weights, compile it for the host, draw images.

    spoiled: its kernel gets a byte wrong. side: of its input.
    """
    folder.mkdir(parents=True, exist_ok=True)
    random = np.random.default_rng(seed)
    weights = random.integers(-127, 128, (CLASSES, side, side, 3), dtype=np.int8)
    model = folder / "small.tflite"
    model.write_bytes(
        conv_model((1, side, side, 3), weights, None, padding="VALID", output_scale=4.0)
    )
    project = folder / "project"
    manifest = export_project(
        ModelSource("small", model, Recipe(crop=0.875)), load_board("rt1050"), project
    )
    if spoiled:
        spoil_layer(project, op=0)
    # The same application and kernels; only the port under them is the host's.
    write_manifest(replace(manifest, board="host", build=None), project)
    compiled = [name for name in manifest.sources if name.startswith(("model/", "firmware/"))]
    portable = ("model/", "firmware/kernels/", "firmware/runtime/")
    firmware = build_host_firmware(
        folder / "firmware",
        [project / name for name in compiled if name.startswith(portable)],
        [f'-DMZ_BUILD_ID="{manifest.build_id}"', f"-I{project}/model"],
    )
    return HostProject(project, firmware, write_images(folder / "images", images, CLASSES))
