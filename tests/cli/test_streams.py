"""stdout of the program: what was written once is not written again."""

from __future__ import annotations

import array
import io
import os
import signal
import sys
import threading

import pytest

from mcuzoo.cli.streams import Sink


@pytest.mark.skipif(sys.platform == "win32", reason="needs POSIX signals")
def test_ctrl_c_after_some_bytes_went_out_sends_none_twice() -> None:
    """It comes while a write waits for a reader: the pipe is full, and has taken a part."""
    import fcntl
    import termios

    near, far = os.pipe()
    data = os.urandom(300_000)
    got = bytearray()
    interrupted = threading.Event()
    main = threading.main_thread().ident
    assert main is not None

    def read() -> None:
        waiting, before = array.array("i", [0]), -1
        while not (waiting[0] and waiting[0] == before):
            before = waiting[0]
            interrupted.wait(0.05)
            fcntl.ioctl(near, termios.FIONREAD, waiting)
        signal.pthread_kill(main, signal.SIGINT)
        interrupted.wait()
        while piece := os.read(near, 65_536):
            got.extend(piece)

    reader = threading.Thread(target=read, daemon=True)
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        stream = io.BufferedWriter(Sink(far, "<far>", quiet=False), 1 << 20)
        stream.write(data)
        reader.start()
        with pytest.raises(KeyboardInterrupt):
            stream.flush()
        interrupted.set()
        stream.write(b"and more")
        stream.flush()
    finally:
        signal.signal(signal.SIGINT, before)
        os.close(far)
    reader.join(60)
    os.close(near)
    assert bytes(got) == data + b"and more"
