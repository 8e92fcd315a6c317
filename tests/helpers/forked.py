"""Some packages take long to import: a process that has done so forks one for each thing to do.

A program is started as `python -m helpers.forked NAME ARGUMENTS...`, which passes its standard
streams on to the fork and ends as it does. NAME: a module that has `main() -> int`, by itself the
worker of `mcuzoo quantize`; or -c and a text.
"""

from __future__ import annotations

import importlib
import json
import os
import shutil
import socket
import sys
import time
import traceback
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

SOCKET = "MCUZOO_TEST_FORKS"
"""Names the socket of the process that forks."""
_WORKER = "mcuzoo.quantize.worker"
_PATIENCE_S = 240
TENSORFLOW = (
    "h5py",
    "keras",
    "tensorflow",
    "tensorflow.lite.python.convert",
    "tensorflow.lite.python.lite",
    "tensorflow.lite.python.optimize.calibrator",
    _WORKER,
)
VELA = ("ethosu.vela.vela",)


def _serve(path: str, owner: int, imported: Sequence[str]) -> None:
    for name in imported:
        importlib.import_module(name)
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(f"{path}.new")
        listening.listen(16)
        listening.settimeout(1)
        Path(f"{path}.new").rename(path)
        while _lives(owner):
            with suppress(ChildProcessError):
                while os.waitpid(-1, os.WNOHANG)[0]:
                    pass
            with suppress(TimeoutError):
                wire, _ = listening.accept()
                with wire:
                    if not os.fork():
                        listening.close()
                        _become(wire)
    shutil.rmtree(Path(path).parent)


def _lives(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    return True


def _become(wire: socket.socket) -> None:
    """Be the program that the other end asks for, and tell it how that ended."""
    wire.settimeout(None)
    asked, streams, _, _ = socket.recv_fds(wire, 1 << 16, 3)
    for number, stream in enumerate(streams):
        os.dup2(stream, number)
        os.close(stream)
    folder, name, *arguments = json.loads(asked)
    os.chdir(folder)
    # An interpreter has one for each stream, which may have read ahead.
    sys.stdin = open(0, encoding="utf-8", closefd=False)  # noqa: SIM115
    sys.stdout = open(1, "w", encoding="utf-8", closefd=False)  # noqa: SIM115
    sys.stderr = open(2, "w", encoding="utf-8", closefd=False)  # noqa: SIM115
    ended = 1
    try:
        if name == "-c":
            sys.argv = [name, *arguments[1:]]
            exec(arguments[0], {"__name__": "__main__"})
            ended = 0
        else:
            sys.argv = [name, *arguments]
            ended = importlib.import_module(name).main()
    except SystemExit as end:
        ended = end.code if isinstance(end.code, int) else int(end.code is not None)
    except BaseException:
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        wire.send(bytes([ended]))
    sys.exit(ended)


def ask(asked: Sequence[str]) -> int:
    """Be what is forked, as far as others see; its exit code."""
    with socket.socket(socket.AF_UNIX) as wire:
        until = time.monotonic() + _PATIENCE_S
        while True:
            try:
                wire.connect(os.environ[SOCKET])
                break
            except (FileNotFoundError, ConnectionRefusedError):
                if time.monotonic() > until:
                    raise
                time.sleep(0.05)
        socket.send_fds(wire, [json.dumps([str(Path.cwd()), *asked]).encode()], [0, 1, 2])
        ended = wire.recv(1)
        return ended[0] if ended else 255


if __name__ == "__main__":
    if sys.argv[1:2] == ["--serve"]:
        _serve(sys.argv[2], int(sys.argv[3]), sys.argv[4:])
    else:
        sys.exit(ask(sys.argv[1:] or [_WORKER]))
