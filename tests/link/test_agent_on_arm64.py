"""The Python agent on a Python of AArch64 (tools/linux_arm64.py), over stdin and stdout as ssh has
it."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import numpy as np
import pytest
from helpers.linux_agent import AGENT

from mcuzoo.engines.reference import ReferenceEngine
from mcuzoo.graph.read import load_model
from mcuzoo.link.linux_session import choose_engine
from mcuzoo.link.session import Session
from mcuzoo.zoo.registry import resolve_model

PYTHON = os.environ.get("MCUZOO_ARM64_PYTHON", "")


@pytest.mark.full
@pytest.mark.skipif(not PYTHON, reason="MCUZOO_ARM64_PYTHON names no Python of AArch64")
def test_reference_kernels_of_arm64_give_the_hosts_bytes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ssh = tmp_path / "ssh"  # runs the last of its words here
    ssh.write_text('#!/bin/sh\nfor word; do last="$word"; done\nexec sh -c "$last"\n')
    ssh.chmod(ssh.stat().st_mode | stat.S_IXUSR)
    monkeypatch.setenv("MCUZOO_SSH", str(ssh))
    project = tmp_path / "project"
    for part, source in (("agent", AGENT), ("model", resolve_model("signs").path)):
        (project / part).mkdir(parents=True)
        name = "model.tflite" if part == "model" else source.name
        (project / part / name).write_bytes(source.read_bytes())
    engine = ReferenceEngine(load_model(resolve_model("signs").path))
    inputs = np.random.default_rng(0).integers(-128, 128, (4, 49152), dtype=np.int8)
    with Session.open(f"ssh://board{project}?python={PYTHON}") as session:
        assert session.hello().board == "linux-aarch64"
        for number, tensor in enumerate(inputs):
            found = session.infer(number, tensor).output
            assert np.array_equal(found, engine.run(tensor))
        assert choose_engine(session, "xnnpack").delegate == "xnnpack"
        assert session.infer(9, inputs[0]).output.size == engine.run(inputs[0]).size
