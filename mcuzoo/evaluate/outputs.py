"""Raw outputs as a .npy file that grows image by image and appears whole or not at all."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mcuzoo.evaluate.subject import Subject
from mcuzoo.files import GrowingOutput, cannot_write


class OutputFile:
    """int8 [N, classes], float32 for a float model: the images that could be run, in order.

    Use as a context manager; without `finish` nothing is left. Raises InputError when it cannot
    be written.
    """

    def __init__(self, path: Path, images: int, subject: Subject) -> None:
        self._path = path
        self._dtype = np.dtype(np.float32 if subject.kind == "float32" else np.int8)
        self._classes = subject.classes
        self._rows = 0
        self._output = GrowingOutput(path)
        self._reserved = self._header(images)
        self._output.file.write(self._reserved)

    def __enter__(self) -> OutputFile:
        return self

    def __exit__(self, *_: object) -> None:
        self._output.__exit__()

    def add(self, output: NDArray[Any]) -> None:
        """Append one image's scores."""
        try:
            self._output.file.write(np.ascontiguousarray(output, dtype=self._dtype).tobytes())
        except OSError as error:
            raise cannot_write(self._path, error) from error
        self._rows += 1

    def finish(self) -> None:
        """Write how many there are and give the file its name."""
        header = self._header(self._rows)
        try:
            self._output.file.seek(0)
            self._output.file.write(header)
        except OSError as error:
            raise cannot_write(self._path, error) from error
        self._output.publish()

    def _header(self, rows: int) -> bytes:
        """Of one length whatever `rows` is: numpy pads it, for files that grow."""
        from io import BytesIO

        header = BytesIO()
        np.lib.format.write_array_header_1_0(
            header,
            {
                "shape": (rows, self._classes),
                "fortran_order": False,
                "descr": np.lib.format.dtype_to_descr(self._dtype),
            },
        )
        return header.getvalue()
