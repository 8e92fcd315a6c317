"""`mcuzoo watch` as a process: what it prints, how it ends, and hostile names."""

from __future__ import annotations

import base64
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from helpers.commands import invoke, mcuzoo
from helpers.fault_proxy import Line
from helpers.host_project import HostProject
from helpers.schemas import validator
from helpers.terminal import Terminal

from mcuzoo.data.images import decode_image
from mcuzoo.data.preprocess import input_of
from mcuzoo.project.manifest import load_manifest
from mcuzoo.watch import folder

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(sys.platform == "win32", reason="needs ptys and POSIX signals"),
]


def words(project: HostProject, line: Line, incoming: Path, *more: object) -> list[object]:
    return [
        "watch", "--port", line.url, "--project", project.folder, "--folder", incoming, *more,
    ]  # fmt: skip


def first_picture(project: HostProject) -> Path:
    return project.images.parent / "000.png"


def test_text_of_each_picture(project: HostProject, line: Line, incoming: Path) -> None:
    labels = incoming.parent / "labels.txt"
    labels.write_text("".join(f"class {n}\x1b[2J, a synonym\n" for n in range(7)))
    shutil.copy(first_picture(project), incoming / "a\x1b]0;title\x07\u202eb.png")
    shutil.copy(first_picture(project), incoming / f"{'long' * 40}.png")
    said = invoke(words(project, line, incoming, "--once", "--labels", labels))
    assert said.exit_code == 0, said.stderr
    assert "watching" in said.stderr and "\x1b" not in said.output and "\x07" not in said.output
    lines = said.stdout.splitlines()
    assert max(map(len, lines)) <= 80
    head = next(text for text in lines if text.startswith("a?]0;title??b.png  class "))
    assert "?[2J " in head and float(head.split()[-1]) is not None
    assert sum(text.startswith("  top-5      ") for text in lines) == 2
    assert lines.count("  reference  byte-equal to the host's") == 2
    assert sum(text.startswith("  latency    ") for text in lines) == 2
    assert sum(text.startswith("  answered   in ") for text in lines) == 2


def test_json_lines(
    project: HostProject, line: Line, incoming: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(folder, "_TRIES_S", (0.0, 0.1, 0.2))
    name = os.fsdecode(b"caf\xe9\n.png")  # no UTF-8, and a line end
    shutil.copy(first_picture(project), incoming / name)
    (incoming / "broken.png").write_bytes(b"x")
    said = invoke(words(project, line, incoming, "--once", "--json"))
    assert said.exit_code == 0, said.stderr
    documents = [json.loads(one) for one in said.stdout.splitlines()]
    for one in documents:
        validator("watch").validate(one)
    found = {one["file"]: one for one in documents}
    assert found.keys() == {name, "broken.png"}
    good, broken = found[name], found["broken.png"]
    assert (broken["status"], broken["label"], broken["top"]) == ("bad_image", None, [])
    assert "cannot be decoded" in broken["reason"] and broken["equal"] is None
    assert (good["status"], good["reason"], good["equal"], good["difference"]) == (
        "done", None, True, 0,
    )  # fmt: skip
    assert good["top"][0] == {key: good[key] for key in ("label", "name", "score")}
    assert len(good["top"]) == 5 and good["seconds"] > 0 and good["attempts"] == 1
    assert good["latency"] is None or good["latency"]["unit"]


@pytest.mark.parametrize(
    ("how", "as_json"),
    [
        (signal.SIGINT, False),
        (signal.SIGTERM, True),
        pytest.param(signal.SIGINT, True, marks=pytest.mark.full),
        pytest.param(signal.SIGTERM, False, marks=pytest.mark.full),
    ],
)
def test_it_ends_by_interrupt(
    project: HostProject, line: Line, incoming: Path, how: signal.Signals, as_json: bool
) -> None:
    command = mcuzoo(*words(project, line, incoming, *(["--json"] if as_json else [])))
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None and process.stderr is not None
        while "watching" not in process.stderr.readline():
            assert process.poll() is None
        shutil.copy(first_picture(project), incoming)
        first = process.stdout.readline()  # it comes before the end: nothing is held back
        process.send_signal(how)
        out, err = process.communicate(timeout=120)
    assert process.returncode == 130 and err.endswith("interrupted\n") and "Traceback" not in err
    if as_json:
        documents: list[dict[str, Any]] = [json.loads(one) for one in [first, *out.splitlines()]]
        assert documents[0]["file"] == "000.png"
        assert [one.get("error") for one in documents[1:]] == ["Interrupted"]
    else:
        assert first.startswith("000.png  ")


def test_an_error_is_a_line_of_json_too(tmp_path: Path) -> None:
    done = invoke(("watch", "--port", "/dev/none", "--folder", tmp_path, "--json"))
    assert done.exit_code == 2
    (error,) = map(json.loads, done.stdout.splitlines())
    assert error["error"] == "UsageError" and error["exit_code"] == 2


def test_a_picture_is_shown_where_it_is_asked_for(
    project: HostProject, line: Line, incoming: Path
) -> None:
    shutil.copy(first_picture(project), incoming)
    for way, begins in (("kitty", "\x1b_Ga=T"), ("blocks", "\x1b[38;2;"), ("none", "000.png")):
        said = invoke(words(project, line, incoming, "--once", "--picture", way))
        assert said.exit_code == 0 and said.stdout.startswith(begins), said.stderr
        assert "\n000.png  " in f"\n{said.stdout}"
    assert "Did you mean 'kitty'?" in invoke(["watch", "--picture", "kity"]).stderr


def test_a_terminal_gets_the_pixels_of_the_input(
    project: HostProject, line: Line, incoming: Path
) -> None:
    """It says that it has kitty's graphics; what it gets is the tensor, whole."""
    shutil.copy(first_picture(project), incoming)
    command = mcuzoo(*words(project, line, incoming, "--once"))
    terminal = Terminal(command, b"\x1b_Gi=31;OK\x1b\\\x1b[?62;4c")
    assert terminal.code == 0, terminal.shown
    parts = re.findall(rb"\x1b_G(?:[^;\x1b]*,)?m=[01];([^\x1b]*)\x1b\\", terminal.shown)
    data = zlib.decompress(base64.b64decode(b"".join(parts)))
    pixels = decode_image(first_picture(project).read_bytes(), "rgb", "000.png")
    tensor = input_of(load_manifest(project.folder)).tensor(pixels)
    assert data == (tensor.astype(np.int16) + 128).astype(np.uint8).tobytes()
    assert b"000.png  " in terminal.shown


def test_what_is_missing_or_contradicts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("MCUZOO_PORT", raising=False)
    for more, why in (
        (["--folder", tmp_path], "No port"),
        (["--port", "x"], "either a folder or a camera"),
        (
            ["--port", "x", "--folder", tmp_path, "--trace", "-", "--json"],
            "want to write to stdout",
        ),
    ):
        said = invoke(["watch", *more])
        assert said.exit_code == 2 and why in said.stderr
