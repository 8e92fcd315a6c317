"""Pictures of a camera, or of a file or stream of video, through OpenCV's VideoCapture."""

from __future__ import annotations

import threading
import time
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mcuzoo.data.images import Item, luma
from mcuzoo.errors import InputError
from mcuzoo.extras import RESIZER, require_packages
from mcuzoo.quoting import printable
from mcuzoo.watch.arrival import Arrival, Prepare


@dataclass(frozen=True)
class Frame:
    """A picture of a video. place: its name. pixels: uint8 [H, W, 3], red, green, blue; its SHA-256
    is over them."""

    place: str
    pixels: NDArray[np.uint8] = field(repr=False, compare=False)

    @property
    def packages(self) -> tuple[str, ...]:
        return (RESIZER,)

    def read(self) -> bytes:
        return self.pixels.tobytes()

    def decode(self, content: bytes, color: str) -> NDArray[np.uint8]:
        pixels = np.frombuffer(content, np.uint8).reshape(self.pixels.shape)
        return pixels if color == "rgb" else luma(pixels)


class CameraSource:
    """A camera by its number, a stream by its URL, or a file of video.

    A camera and a stream are live: whoever waits gets the newest frame. Of a file each frame comes,
    in order. once: one frame of a live one. every_s: seconds between two frames, at least.
    """

    def __init__(self, where: str, once: bool = False, every_s: float = 0.0) -> None:
        """Raises InputError if it cannot be opened, MissingExtraError without OpenCV."""
        require_packages((RESIZER,), "A camera")
        self.live = where.isdecimal() or "://" in where
        self._name = f"camera-{where}" if where.isdecimal() else Path(where).name or where
        self._once = once
        self._every_s = every_s
        self._capture = _opened(where)

    def arrivals(
        self, prepare: Prepare, wanted: threading.Event, stop: threading.Event
    ) -> Generator[Arrival, None, None]:
        """As Source. Raises InputError when a live one gives no more."""
        try:
            frames = self._newest(wanted, stop) if self.live else self._each(stop)
            for number, (pixels, since) in enumerate(frames):
                name = f"{self._name}#{number}"
                yield Arrival(prepare(Item(number, name, Frame(name, pixels), None)), since)
                if self._once and self.live:
                    return
        finally:
            self._capture.release()

    def _newest(
        self, wanted: threading.Event, stop: threading.Event
    ) -> Generator[tuple[NDArray[np.uint8], float], None, None]:
        due = 0.0
        while not stop.is_set():
            # Every frame is taken from the driver, whose queue would give an old one later.
            if not self._capture.grab():
                raise InputError(
                    f"{printable(self._name)} gives no more pictures.",
                    "Check its cable, or its network; then type the command again.",
                )
            now = time.perf_counter()
            if wanted.is_set() and now >= due:
                pixels = self._retrieved()
                if pixels is not None:
                    wanted.clear()
                    due = now + self._every_s
                    yield pixels, now

    def _each(
        self, stop: threading.Event
    ) -> Generator[tuple[NDArray[np.uint8], float], None, None]:
        import cv2

        rate = self._capture.get(cv2.CAP_PROP_FPS)
        step = max(1, round(self._every_s * rate)) if np.isfinite(rate) else 1
        for number in count():
            if stop.is_set() or not self._capture.grab():
                return
            if number % step == 0:
                pixels = self._retrieved()
                if pixels is not None:
                    yield pixels, time.perf_counter()

    def _retrieved(self) -> NDArray[np.uint8] | None:
        """The frame that was grabbed last; None if it is damaged."""
        whole, frame = self._capture.retrieve()
        if not whole or frame is None or frame.dtype != np.uint8:
            return None
        if frame.ndim == 2:
            frame = np.repeat(frame[:, :, np.newaxis], 3, axis=2)
        return np.ascontiguousarray(frame[:, :, 2::-1])  # OpenCV has blue, green, red


def _opened(where: str) -> Any:
    import cv2

    with _quiet():
        capture = cv2.VideoCapture(int(where) if where.isdecimal() else where)
        opened = capture.isOpened()
    if not opened:
        capture.release()
        raise InputError(
            f"--camera {printable(where)} cannot be opened.",
            "Name a camera by its number, as 0, or a file of video, or its URL, as "
            "rtsp://HOST/PATH.",
        )
    return capture


@contextmanager
def _quiet() -> Generator[None, None, None]:
    """OpenCV writes warnings of its own about what it cannot open."""
    import cv2

    logging = cv2.utils.logging
    before = logging.getLogLevel()
    logging.setLogLevel(logging.LOG_LEVEL_SILENT)
    try:
        yield
    finally:
        logging.setLogLevel(before)
