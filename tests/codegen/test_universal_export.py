"""A universal firmware as a project: what is rendered, and what is refused."""

from __future__ import annotations

import re
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from helpers.fake_tflm import fake_tree
from helpers.small_net import small_net

from mcuzoo.board.load import load_board
from mcuzoo.board.mpu import Access, guard_regions, mpu_regions
from mcuzoo.codegen.universal import (
    DEFAULT_OPS,
    UniversalOptions,
    export_universal,
    listed_ops,
    ops_of,
)
from mcuzoo.errors import InputError, UnsupportedOpError, UsageError
from mcuzoo.graph.read import parse_model
from mcuzoo.plan.universal import plan_universal
from mcuzoo.project.manifest import load_project

OPS = ("CONV_2D", "RESHAPE", "SOFTMAX")


def options(folder: Path, **choices: Any) -> UniversalOptions:
    return UniversalOptions(fake_tree(folder / "tree"), OPS, "reference", **choices)


@pytest.mark.parametrize("board", ["rt1170", "rt1050"])
def test_the_same_choice_gives_the_same_project(tmp_path: Path, board: str) -> None:
    first = export_universal(load_board(board), tmp_path / "one", options(tmp_path))
    assert load_project(tmp_path / "one") == first
    assert export_universal(load_board(board), tmp_path / "two", options(tmp_path)) == first
    assert (first.name, first.universal.ops) == (f"{board}-universal", OPS)
    for path in first.files:
        content = (tmp_path / "one" / path).read_bytes()
        assert content == (tmp_path / "two" / path).read_bytes()
    assert all((tmp_path / "one" / path).is_file() for path in first.sources)


def test_it_has_the_slot_and_no_model(tmp_path: Path) -> None:
    manifest = export_universal(load_board("rt1170"), tmp_path / "p", options(tmp_path))
    names = {Path(source).name for source in manifest.sources}
    assert {"mz_upload_slot.c", "mz_model_slot.c", "mz_sha256.c", "mz_tflite.c"} <= names
    assert not {"mz_upload_none.c", "mz_tflm_fixed.c", "mz_model_data.c"} & names
    resolver = (tmp_path / "p/model/mz_resolver.h").read_text()
    assert "MicroMutableOpResolver<3>" in resolver
    assert "resolver.AddConv2D(tflite::Register_CONV_2D_INT8())" in resolver
    readme = (tmp_path / "p/README.md").read_text()
    assert "--upload MODEL" in readme
    assert "CONV_2D, RESHAPE, SOFTMAX" in readme


def test_the_rooms_are_sections_of_the_linker_script(tmp_path: Path) -> None:
    manifest = export_universal(load_board("rt1170"), tmp_path / "p", options(tmp_path))
    room = manifest.universal.rooms[0]
    assert (room.region, room.bytes) == ("ocram1+ocram2", 0x100000 - 16)
    script = (tmp_path / "p" / manifest.linker_script).read_text()
    assert "OCRAM1_OCRAM2 (rw) : ORIGIN = 0x20240000, LENGTH = 0x00100000" in script
    assert ".mz_room_1 0x20240000 (NOLOAD) : { *(.mz_room_1) } > OCRAM1_OCRAM2" in script
    source = (tmp_path / "p/model/mz_model.c").read_text()
    assert re.search(r'IN_SECTION\("\.mz_room_1"\).* room_1\[1048576\];', source)
    # A firmware with a model has none.
    assert manifest.plan.arena_region == "dtcm"


@pytest.mark.parametrize("chosen", [{}, {"model_region": "sdram"}, {"arena_region": "sdram"}])
@pytest.mark.parametrize("name", ["rt1170", "rt1050"])
def test_a_guard_covers_its_room_and_nothing_else(name: str, chosen: dict[str, str]) -> None:
    board = load_board(name)
    plan = plan_universal(board, OPS, "reference", **chosen)
    base = mpu_regions(board.with_sdram().regions, board.peripherals)
    for room in plan.rooms:
        guard = guard_regions(board.regions, room.base, room.base + room.bytes)
        assert len(base) + len(guard) <= board.core.mpu_regions
        spans = sorted(span for region in guard for span in region.spans)
        assert (spans[0][0], spans[-1][1]) == (room.base, room.base + room.bytes)
        assert all(one[1] == other[0] for one, other in pairwise(spans))
        # What an emulated MPU can tell apart.
        assert all((end - start) % 1024 == 0 for start, end in spans)
        assert {region.access for region in guard} == {Access.GUARDED}


def test_pinned_regions(tmp_path: Path) -> None:
    chosen = options(tmp_path, arena_region="dtcm", model_region="ocram")
    manifest = export_universal(load_board("rt1050"), tmp_path / "p", chosen)
    assert manifest.plan.arena_region == "dtcm"
    assert [(room.region, room.bytes) for room in manifest.universal.rooms] == [
        ("ocram", 0x40000 - 16)
    ]


@pytest.mark.parametrize(
    ("choices", "match"),
    [
        ({"arena_region": "itcm"}, "--arena-region itcm: no such memory is free"),
        ({"model_region": "dtcm"}, "--model-region dtcm: no such memory is free"),
        ({"model_region": "ocran"}, "--model-region ocran"),
    ],
)
def test_regions_that_cannot_be_had(tmp_path: Path, choices: dict[str, str], match: str) -> None:
    with pytest.raises(UsageError, match=match) as caught:
        export_universal(load_board("rt1170"), tmp_path / "p", options(tmp_path, **choices))
    assert "ocram" in caught.value.hint


def test_ops_by_list_and_of_models() -> None:
    assert listed_ops("softmax, CONV_2D,softmax") == ("CONV_2D", "SOFTMAX")
    with pytest.raises(UnsupportedOpError, match="SOFTMAXX") as caught:
        listed_ops("SOFTMAXX")
    assert "'softmax'" in caught.value.hint
    ops = ops_of([parse_model(small_net(), "net")])
    assert "DEQUANTIZE" not in ops
    assert {"CONV_2D", "ADD", "RESHAPE", "SOFTMAX"} <= set(ops) <= set(DEFAULT_OPS)


def test_a_tree_without_a_kernel_is_named(tmp_path: Path) -> None:
    tree = fake_tree(tmp_path / "tree")
    with pytest.raises(InputError, match="no kernel for MEAN"):
        export_universal(
            load_board("rt1170"), tmp_path / "p", UniversalOptions(tree, ("MEAN",), "reference")
        )
