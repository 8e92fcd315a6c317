"""An sshd of this user at a free port of the loopback, with keys and configuration of its own."""

from __future__ import annotations

import contextlib
import getpass
import os
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

_PLACES = os.pathsep.join((os.environ.get("PATH", ""), "/usr/sbin", "/sbin", "/usr/local/sbin"))
SSHD = shutil.which("sshd", path=_PLACES)

needs_sshd = pytest.mark.skipif(
    SSHD is None or shutil.which("ssh") is None, reason="no OpenSSH server and client"
)


@dataclass(frozen=True)
class OwnSshd:
    """port: where it listens. client: the command of a client that it lets in. folder: of its
    files. user: who it lets in."""

    port: int
    client: str
    folder: Path
    user: str

    @property
    def known_hosts(self) -> Path:
        return self.folder / "known_hosts"

    @property
    def authorized(self) -> Path:
        return self.folder / "authorized_keys"

    def url(self, folder: Path, options: str = "") -> str:
        return f"ssh://{self.user}@127.0.0.1:{self.port}{folder}{options}"


@contextlib.contextmanager
def own_sshd(folder: Path) -> Iterator[OwnSshd]:
    """Runs until the end of the block."""
    assert SSHD is not None
    folder.chmod(0o700)
    for name in ("host", "user"):
        key = ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(folder / name)]
        subprocess.run(key, check=True)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    config = folder / "sshd_config"
    config.write_text(
        f"ListenAddress 127.0.0.1:{port}\nHostKey {folder}/host\nPidFile none\n"
        f"AuthorizedKeysFile {folder}/authorized_keys\nStrictModes no\nUsePAM no\n"
        "PasswordAuthentication no\nKbdInteractiveAuthentication no\nPrintMotd no\n"
    )
    public = (folder / "host.pub").read_text().split()
    (folder / "known_hosts").write_text(f"[127.0.0.1]:{port} {public[0]} {public[1]}\n")
    shutil.copy(folder / "user.pub", folder / "authorized_keys")
    client = folder / "ssh_config"
    client.write_text(
        f"IdentityFile {folder}/user\nIdentitiesOnly yes\nIdentityAgent none\n"
        f"UserKnownHostsFile {folder}/known_hosts\nGlobalKnownHostsFile none\n"
        "StrictHostKeyChecking yes\n"
    )
    if os.geteuid() == 0:
        Path("/run/sshd").mkdir(exist_ok=True)
    log = (folder / "sshd.log").open("w")
    server = subprocess.Popen([SSHD, "-D", "-e", "-f", str(config)], stderr=log)
    try:
        _wait_until_it_listens(port, server, folder / "sshd.log")
        yield OwnSshd(port, f"ssh -F {client}", folder, getpass.getuser())
    finally:
        server.terminate()
        server.wait()
        log.close()


def _wait_until_it_listens(port: int, server: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + 30
    while True:
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port)):
            return
        assert server.poll() is None and time.monotonic() < deadline, log.read_text()
        time.sleep(0.02)
