"""`mcuzoo watch` on the emulated board: pictures that come while it runs."""

from __future__ import annotations

import csv
import json
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from helpers.commands import mcuzoo

BuiltProject = Callable[..., Path]


@pytest.mark.full
@pytest.mark.skipif(sys.platform == "win32", reason="needs POSIX signals")
def test_pictures_that_come_one_by_one(
    built_project: BuiltProject, signs: Path, tmp_path: Path
) -> None:
    incoming = tmp_path / "incoming"
    incoming.mkdir()
    entries = list(csv.DictReader(signs.open(encoding="utf-8")))[:3]
    port = f"emulator://{built_project('rt1170')}"
    with subprocess.Popen(
        mcuzoo("watch", "--port", port, "--folder", incoming, "--json"),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None and process.stderr is not None
        while "rt1170, emulated, build" not in process.stderr.readline():
            assert process.poll() is None
        for number, entry in enumerate(entries):
            shutil.copy(signs.parent / entry["file"], incoming)
            document = json.loads(process.stdout.readline())
            assert document["file"] == Path(entry["file"]).name
            assert document["label"] == int(entry["label"]) and document["equal"]
            latency = document["latency"]
            if number:  # an emulated board counts its first inference, if the URL says nothing
                assert latency is None
            else:
                assert latency["unit"] == "instructions" and latency["ms"] is None
                assert latency["count"] > 1_000_000
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=120)
    assert process.returncode == 130
