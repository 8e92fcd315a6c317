"""ssh:// as a port: a real sshd of this user, and every way in which ssh says no."""

from __future__ import annotations

import shutil
import stat
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from helpers.linux_agent import AGENT, needs_litert
from helpers.own_sshd import OwnSshd, needs_sshd, own_sshd
from helpers.tflite_builder import conv_model

from mcuzoo.engines.reference import ReferenceEngine
from mcuzoo.errors import PortError
from mcuzoo.graph.read import parse_model
from mcuzoo.link.session import Session
from mcuzoo.link.transport import open_port

if sys.platform == "win32":
    pytest.skip("the stand-ins are shell scripts", allow_module_level=True)

CONV = conv_model(
    (1, 4, 4, 2),
    np.random.default_rng(5).integers(-127, 128, (3, 2, 2, 2), dtype=np.int8),
    np.array([5, -6, 7], np.int32),
)


def fake_ssh(folder: Path, script: str) -> str:
    path = folder / "ssh"
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
    return str(path)


REFUSALS = [
    ("u@b: Permission denied (publickey,password).", 255, "refuses the login", "ssh-copy-id u@b"),
    ("Host key verification failed.", 255, "not known here yet", "ssh u@b true"),
    (
        "@ WARNING: REMOTE HOST IDENTIFICATION HAS CHANGED! @\nHost key verification failed.",
        255,
        "another host key",
        "ssh-keygen -R b",
    ),
    ("ssh: Could not resolve hostname b: Name or service not known", 255, "no host b", "address"),
    ("ssh: connect to host b port 22: Connection refused", 255, "cannot be reached", "sshd"),
    ("ssh: connect to host b port 22: No route to host", 255, "cannot be reached", "network"),
    ("ssh: connect to host b port 22: Connection timed out", 255, "cannot be reached", "on"),
    ("sh: python3: not found", 127, "no program python3", "?python="),
    (
        "python3: can't open file '/x/agent/mcuzoo_agent.py': [Errno 2] No such file or directory",
        2,
        "no agent at /x/agent/mcuzoo_agent.py",
        "scp -r PROJECT u@b:/x",
    ),
    ("Killed", 137, "ended at once (exit code 137): Killed", "ssh u@b 'python3 /x/agent"),
]


@pytest.mark.parametrize(("words", "code", "message", "hint"), REFUSALS)
def test_what_ssh_says_becomes_a_hint(
    words: str,
    code: int,
    message: str,
    hint: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    (tmp_path / "words").write_text(words + "\n")
    script = f"cat '{tmp_path}/words' >&2; exit {code}"
    monkeypatch.setenv("MCUZOO_SSH", fake_ssh(tmp_path, script))
    with pytest.raises(PortError) as caught:
        open_port("ssh://u@b/x", 115200)
    assert message in caught.value.message
    assert hint in caught.value.hint
    assert caught.value.absent == ("cannot be reached" in message)
    assert caught.value.exit_code == 3


def test_no_ssh_at_all(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MCUZOO_SSH", str(tmp_path / "none"))
    with pytest.raises(PortError, match="ssh cannot be started") as caught:
        open_port("ssh://b", 115200)
    assert "openssh-client" in caught.value.hint


def test_nothing_of_the_far_end_reaches_the_terminal(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    script = r"printf 'Permission denied \033[2J\n' >&2; exit 255"
    monkeypatch.setenv("MCUZOO_SSH", fake_ssh(tmp_path, script))
    with pytest.raises(PortError) as caught:
        open_port("ssh://b", 115200)
    assert "\033" not in caught.value.message


def test_an_agent_that_ends_is_a_lost_port(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    script = "printf 'x'; read line; echo 'Segmentation fault' >&2; exit 139"
    monkeypatch.setenv("MCUZOO_SSH", fake_ssh(tmp_path, script))
    port = open_port("ssh://b", 115200)
    try:
        assert port.read(10) == b"x"
        port.write(b"\n")
        with pytest.raises(OSError, match=r"exit code 139\): Segmentation fault"):
            while port.read(10) == b"":
                pass
    finally:
        port.close()


@pytest.fixture(scope="module")
def sshd(tmp_path_factory: pytest.TempPathFactory) -> Iterator[OwnSshd]:
    with own_sshd(tmp_path_factory.mktemp("sshd")) as server:
        yield server


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """Model and agent as an exported project has them, in a folder with a space."""
    project = tmp_path / "a project"
    for part in ("agent", "model"):
        (project / part).mkdir(parents=True)
    shutil.copy(AGENT, project / "agent")
    (project / "model" / "model.tflite").write_bytes(CONV)
    return project


@needs_sshd
@needs_litert
def test_the_agent_behind_a_real_sshd(
    sshd: OwnSshd, project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MCUZOO_SSH", sshd.client)
    engine = ReferenceEngine(parse_model(CONV, "m"))
    tensor = np.arange(32, dtype=np.int8)
    url = sshd.url(project, f"?python={sys.executable}&delegate=none&delegate=xnnpack&warm-up=2")
    with Session.open(url) as session:
        hello = session.hello()
        assert (hello.agent, hello.delegate, hello.runtime_error) == ("process", "", "")
        assert hello.model_sha256 == engine.program.file.sha256
        for number in range(2):
            found = session.infer(number, tensor, tensor)
            assert found.cycles and np.array_equal(found.output, engine.run(tensor))
            session.reset()


@needs_sshd
def test_a_real_sshd_says_no(sshd: OwnSshd, project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MCUZOO_SSH", sshd.client)
    with pytest.raises(PortError, match="There is no agent at /nowhere/agent"):
        open_port(sshd.url(Path("/nowhere"), f"?python={sys.executable}"), 115200)
    with pytest.raises(PortError, match="no program python9"):
        open_port(sshd.url(project, "?python=python9"), 115200)
    authorized = sshd.authorized.read_text()
    known = sshd.known_hosts.read_text()
    try:
        sshd.authorized.write_text("")
        with pytest.raises(PortError, match="refuses the login"):
            open_port(sshd.url(project), 115200)
        sshd.known_hosts.write_text("")
        with pytest.raises(PortError, match="not known here yet"):
            open_port(sshd.url(project), 115200)
    finally:
        sshd.authorized.write_text(authorized)
        sshd.known_hosts.write_text(known)
    with pytest.raises(PortError, match="cannot be reached") as caught:
        open_port("ssh://127.0.0.1:1/x", 115200)
    assert caught.value.absent
