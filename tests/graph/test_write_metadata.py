"""Metadata goes into a model file without touching what is there."""

from __future__ import annotations

from pathlib import Path

import pytest
from helpers.same_model import assert_same_graph, misaligned
from helpers.small_net import small_net
from hypothesis import given, settings
from hypothesis import strategies as st

from mcuzoo import zoo
from mcuzoo.errors import ModelError
from mcuzoo.graph.metadata import add_metadata, read_metadata
from mcuzoo.graph.read import parse_model
from mcuzoo.graph.write import write_model

schema = pytest.importorskip("ai_edge_litert.schema_py_generated")

SMALL = small_net()
SIGNS = Path(zoo.__file__).parent / "signs" / "signs_mobilenet_v1_0.25_128_int8.tflite"
NAMES = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
ENTRIES = st.dictionaries(NAMES, st.binary(max_size=100), max_size=4)


@given(ENTRIES, ENTRIES)
@settings(deadline=None)
def test_what_is_added_is_read(first: dict[str, bytes], second: dict[str, bytes]) -> None:
    once = add_metadata(SMALL, first)
    assert read_metadata(once) == first
    twice = add_metadata(once, second)
    assert read_metadata(twice) == {**first, **second}
    assert twice.endswith(SMALL)
    assert_same_graph(parse_model(SMALL, "one"), parse_model(twice, "two"))


@given(ENTRIES)
@settings(deadline=None)
def test_a_written_model_carries_it(entries: dict[str, bytes]) -> None:
    assert read_metadata(write_model(parse_model(SMALL, "small"), entries)) == entries


def test_a_published_file_keeps_all_it_had() -> None:
    raw = SIGNS.read_bytes()
    before = read_metadata(raw)
    assert before
    changed = add_metadata(raw, {"OfflineMemoryAllocation": b"1234"})
    assert changed.endswith(raw)
    assert len(changed) - len(raw) < 1024
    assert read_metadata(changed) == {**before, "OfflineMemoryAllocation": b"1234"}
    model = parse_model(changed, "signs")
    assert_same_graph(parse_model(raw, "signs"), model)
    assert misaligned(model) == []


def test_another_reader_finds_it_aligned() -> None:
    changed = add_metadata(SMALL, {"plan": b"0123456789"})
    model = schema.Model.GetRootAs(changed, 0)
    assert model.Metadata(0).Name() == b"plan"
    buffer = model.Buffers(model.Metadata(0).Buffer())
    assert buffer.DataAsNumpy().tobytes() == b"0123456789"
    assert changed.index(b"0123456789") % 16 == 0


def test_damaged_files_are_refused() -> None:
    changed = add_metadata(SMALL, {"plan": b"0123456789"})
    head = len(changed) - len(SMALL)
    for length in range(8, head):
        with pytest.raises(ModelError):
            read_metadata(changed[:length])
