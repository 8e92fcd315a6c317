"""Whole runs with boards that `mcuzoo emulate --faults` damages.

The board is an image that is kept, so nothing has to be built.
"""

from __future__ import annotations

import json
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from helpers.commands import invoke, mcuzoo
from helpers.fake_board import write_images
from helpers.host_firmware import TESTS

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="needs ptys and POSIX signals")

FROZEN = TESTS / "frozen/without-features"
IMAGES = 40


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    project = tmp_path_factory.mktemp("project") / "tiny"
    (project / "model").mkdir(parents=True)
    shutil.copy(FROZEN / "mcuzoo.json", project)
    shutil.copy(TESTS / "frozen/tiny.tflite", project / "model/model.tflite")
    write_images(project.parent / "images", IMAGES, 5)
    return project


@pytest.mark.parametrize(
    ("port", "faults", "kinds"),
    [
        ("--pty", "reopen=0.00005 for 200ms:up,seed=1", {"reopen"}),
        ("--tcp=0", "reopen=0.00005 for 200ms:up,seed=1", {"reopen"}),
        pytest.param(
            "--pty",
            "stall=0.00003 for 300ms,delay=0.0001,flip=0.0001,seed=2",
            {"stall", "flip"},
            marks=pytest.mark.full,
        ),
        pytest.param(
            "--tcp=0",
            "reset=0.00004:up,noise=0.0001:down,seed=3",
            {"reset", "noise"},
            marks=pytest.mark.full,
        ),
    ],
    ids=["pty-reopen", "tcp-reopen", "pty-stall", "tcp-reset"],
)
def test_a_run_gets_through(
    project: Path, tmp_path: Path, port: str, faults: str, kinds: set[str]
) -> None:
    process = subprocess.Popen(
        mcuzoo("emulate", FROZEN / "firmware.bin", "--board", "rt1050", port, "--count", "0",
               "--faults", faults, "--json"),
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    try:
        assert process.stdout is not None
        url = json.loads(process.stdout.readline())["port"]
        words = ("run-serial", "--port", url, "--project", project, "--out", tmp_path / "run")
        done = invoke((*words, "--images", project.parent / "images/manifest.csv", "--json"))
        process.send_signal(signal.SIGTERM)
        said, talk = process.communicate(timeout=120)
    finally:
        process.kill()
        process.communicate()
    assert done.exit_code == 0, done.stderr
    assert json.loads(done.stdout)["reference"]["equal"] == IMAGES
    counts = json.loads(said)["faults"]
    assert process.returncode == 143, talk
    assert kinds <= {*counts["to_board"], *counts["to_host"]}, talk
