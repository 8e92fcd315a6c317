"""Pictures that come into a folder, answered by real firmware on a pty."""

from __future__ import annotations

import shutil
import sys
import threading
import zlib
from contextlib import ExitStack, closing
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from helpers.fault_proxy import Line, faults_of
from helpers.host_firmware import HostBoard
from helpers.host_project import HostProject, make_host_project
from PIL import Image

import mcuzoo
from mcuzoo import WatchOptions
from mcuzoo.data.images import decode_image
from mcuzoo.data.preprocess import input_of
from mcuzoo.engines.reference import ReferenceEngine
from mcuzoo.errors import PortError, RigError, UsageError
from mcuzoo.graph.read import load_model
from mcuzoo.project.manifest import load_manifest
from mcuzoo.run.journal import read_run
from mcuzoo.run.record import Status
from mcuzoo.run.summary import summarize
from mcuzoo.watch import folder
from mcuzoo.watch.watch import Seen

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(sys.platform == "win32", reason="needs ptys"),
]


def options_of(project: HostProject, incoming: Path, **more: object) -> WatchOptions:
    return WatchOptions(folder=incoming, project=project.folder, **more)  # type: ignore[arg-type]


def pictures_of(project: HostProject) -> list[Path]:
    return sorted(project.images.parent.glob("*.png"))


def assert_right(project: HostProject, seen: Seen, original: Path) -> None:
    """All of it is what the host computes, apart from the watch."""
    manifest = load_manifest(project.folder)
    pixels = decode_image(original.read_bytes(), "rgb", original.name)
    tensor = input_of(manifest).tensor(pixels)
    output = ReferenceEngine(load_model(project.folder / manifest.model.file)).run(tensor)
    assert seen.row.status is Status.DONE and seen.row.reference_difference == 0
    assert seen.tensor is not None and np.array_equal(seen.tensor, tensor)
    assert seen.row.input_crc32 == zlib.crc32(tensor.tobytes())
    assert seen.pixels is not None
    assert np.array_equal(seen.pixels.astype(np.int16) - 128, tensor.reshape(seen.pixels.shape))
    assert seen.found is not None and seen.found.answer.equal
    assert np.array_equal(seen.found.answer.output, output.reshape(-1))
    assert seen.found.best.label == seen.row.top1 == int(np.argmax(output))
    assert [one.score for one in seen.found.top] == sorted(
        (one.score for one in seen.found.top), reverse=True
    )


def test_files_that_come_one_by_one(
    project: HostProject,
    line: Line,
    incoming: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    # On a busy machine the rest of a file may come late.
    monkeypatch.setattr(folder, "_TRIES_S", (0.0, folder.SETTLE_S, 300.0))
    first, second, third, *_ = pictures_of(project)
    shutil.copy(first, incoming / "before.png")  # is not answered
    with closing(mcuzoo.watch(line.url, options_of(project, incoming))) as pictures:
        shutil.copy(first, incoming / "copied.png")
        seen = next(pictures)
        assert (seen.row.file, seen.row.index) == ("copied.png", 0)
        assert_right(project, seen, first)

        temporary = tmp_path / "elsewhere.png"
        shutil.copy(second, temporary)
        temporary.rename(incoming / "renamed.png")
        seen = next(pictures)
        assert seen.row.file == "renamed.png" and seen.seconds > 0
        assert_right(project, seen, second)

        content = third.read_bytes()
        with (incoming / "slow.png").open("wb", buffering=0) as file:
            written = threading.Timer(0.5, lambda: file.write(content[100:]))
            file.write(content[:100])
            written.start()
            seen = next(pictures)
            written.join()
        assert seen.row.file == "slow.png"
        assert_right(project, seen, third)


def test_many_at_once_are_answered_in_order(
    project: HostProject, line: Line, incoming: Path
) -> None:
    originals = pictures_of(project)
    with closing(mcuzoo.watch(line.url, options_of(project, incoming))) as pictures:
        for path in originals:
            shutil.copy(path, incoming / f".{path.name}")
        for path in originals:
            (incoming / f".{path.name}").rename(incoming / path.name)
        found = [next(pictures) for _ in originals]
    for index, (seen, path) in enumerate(zip(found, originals, strict=True)):
        assert (seen.row.file, seen.row.index) == (path.name, index)
        assert_right(project, seen, path)


def test_once_answers_what_is_there_and_keeps_it_as_a_run(
    project: HostProject,
    line: Line,
    incoming: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(folder, "_TRIES_S", (0.0, 0.1, 0.2))
    for path in pictures_of(project):
        shutil.copy(path, incoming)
    (incoming / "broken.png").write_bytes(b"\x89PNG\r\n and no more")
    said: list[str] = []
    options = options_of(project, incoming, once=True, out=tmp_path / "run")
    found = list(mcuzoo.watch(line.url, options, said.append))
    broken = [seen for seen in found if seen.row.status is Status.BAD_IMAGE]
    assert len(found) == 7 and [seen.row.file for seen in broken] == ["broken.png"]
    assert broken[0].found is None and broken[0].pixels is None
    assert "cannot be decoded" in str(broken[0].row.error)
    assert any(f"mcuzoo report {tmp_path / 'run'}" in text for text in said)

    meta, rows = read_run(tmp_path / "run")
    summary = summarize(meta, rows)
    assert summary.verdict.passed and summary.agreement is not None
    assert (summary.agreement.equal, summary.counts[Status.BAD_IMAGE]) == (6, 1)
    assert all(row.host_top1 == row.top1 for row in rows)
    assert [row.file for row in rows] == [seen.row.file for seen in found]
    assert all(row.sha256 for row in rows if row.status is Status.DONE)
    assert meta.link is not None and meta.link.clean
    with pytest.raises(UsageError, match="holds a run already"):
        mcuzoo.watch(line.url, options)


def test_a_board_that_restarts_is_met_again(project: HostProject, incoming: Path) -> None:
    """An input is 6,912 bytes; it restarts about every 3,000."""
    faults = faults_of(seed=5, mean_bytes=3_000, kinds=("reset",))
    board = HostBoard(project.firmware, incoming.parent)
    for path in pictures_of(project):
        shutil.copy(path, incoming)
    said: list[str] = []
    with Line(board, faults) as line:
        options = options_of(project, incoming, once=True)
        found = list(mcuzoo.watch(line.url, options, said.append))
        restarts = board.restarts
    assert restarts > 0 and any("recovering" in text for text in said)
    for seen, path in zip(found, pictures_of(project), strict=True):
        assert_right(project, seen, path)


def test_a_board_that_does_not_come_back_ends_it(
    project: HostProject, incoming: Path, tmp_path: Path
) -> None:
    first, second, *_ = pictures_of(project)
    options = options_of(project, incoming, out=tmp_path / "run", wait_port=0.0)
    plugged = ExitStack()
    line = plugged.enter_context(Line(HostBoard(project.firmware, tmp_path)))
    with closing(mcuzoo.watch(line.url, options)) as pictures:
        shutil.copy(first, incoming)
        assert_right(project, next(pictures), first)
        plugged.close()
        shutil.copy(second, incoming)
        lost = next(pictures)
        assert (lost.row.file, lost.row.status) == (second.name, Status.LOST)
        assert lost.found is None and lost.pixels is not None
        with pytest.raises(RigError, match="cannot be reached again"):
            next(pictures)
    _, rows = read_run(tmp_path / "run")
    assert [row.status for row in rows] == [Status.DONE, Status.LOST]


def test_a_wrong_kernel_is_seen_and_named(tmp_path: Path, incoming: Path) -> None:
    project = make_host_project(tmp_path / "spoiled", 2, spoiled=True)
    for path in pictures_of(project):
        shutil.copy(path, incoming)
    said: list[str] = []
    with Line(HostBoard(project.firmware, tmp_path)) as line:
        options = options_of(project, incoming, once=True, out=tmp_path / "run")
        found = list(mcuzoo.watch(line.url, options, said.append))
    assert [seen.found is not None and seen.found.answer.equal for seen in found] == [False] * 2
    assert all(seen.row.reference_difference for seen in found)
    (told,) = [text for text in said if "unequal" in text]
    assert "op 0 CONV_2D is the first whose output differs" in told
    wrong = read_run(tmp_path / "run")[0].wrong_layer
    assert wrong is not None and (wrong.file, wrong.ops) == ("000.png", "0")


def test_a_page_shows_the_pictures_that_were_watched_for(
    project: HostProject, line: Line, incoming: Path, tmp_path: Path
) -> None:
    """They came in another order than that of a data set."""
    pytest.importorskip("matplotlib")
    from mcuzoo.report.html.at_hand import at_hand
    from mcuzoo.report.html.pictures import Pictures

    options = options_of(project, incoming, out=tmp_path / "run")
    with closing(mcuzoo.watch(line.url, options)) as pictures:
        for path, name in zip(pictures_of(project), "cab", strict=False):
            shutil.copy(path, incoming / f"{name}.png")
            next(pictures)
    meta, rows = read_run(tmp_path / "run")
    assert [row.file for row in rows] == ["c.png", "a.png", "b.png"]
    seen = Pictures(meta, at_hand(meta).input(meta), "", None, 1 << 20)
    assert all(seen.seen(row).png for row in rows)
    Image.fromarray(np.zeros((5, 5, 3), np.uint8)).save(incoming / "a.png")
    assert "has changed" in seen.seen(rows[1]).absent


def test_no_reference_and_what_cannot_be_watched(
    project: HostProject, line: Line, incoming: Path, tmp_path: Path
) -> None:
    shutil.copy(pictures_of(project)[0], incoming)
    options = options_of(project, incoming, once=True, no_reference=True)
    (seen,) = mcuzoo.watch(line.url, options)
    assert seen.found is not None
    assert seen.found.answer.expected is None and seen.found.answer.equal is None
    assert seen.row.reference_difference is None

    for wrong, why in (
        (WatchOptions(folder=incoming), "No port"),
        (replace(options, port=line.url, folder=None), "either a folder or a camera"),
        (replace(options, port=line.url, camera="0"), "either a folder or a camera"),
        (replace(options, port=line.url, every=1.0), "--every works only with --camera"),
        (
            replace(options, port=line.url, folder=None, camera="0", existing=True),
            "--existing works only with --folder",
        ),
        (replace(options, port=line.url, out=incoming), "--out is the folder"),
    ):
        with pytest.raises(UsageError, match=why):
            mcuzoo.watch(None, wrong)
    with pytest.raises(PortError):
        next(mcuzoo.watch(str(tmp_path / "no-port"), options))
