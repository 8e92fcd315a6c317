"""Your own picture: classify a camera's array, then send an input tensor that you made yourself.

    python examples/own_picture.py [PICTURE]

Without a PICTURE it paints a red disc. It needs Pillow, and what classify_a_picture.py needs.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
from PIL import Image

import mcuzoo
from mcuzoo import ExportOptions


def painted() -> np.ndarray:
    """A red disc on grey, uint8 (96, 128, 3), like a picture from a camera."""
    rows, columns = np.mgrid[:96, :128]
    picture = np.full((96, 128, 3), 128, dtype=np.uint8)
    picture[(rows - 48) ** 2 + (columns - 64) ** 2 < 40**2] = (200, 20, 20)
    return picture


def main() -> None:
    given = sys.argv[1:]
    picture = np.asarray(Image.open(given[0]).convert("RGB")) if given else painted()
    options = ExportOptions(runtime="aot", project="cmake", output=Path("own-signs"), force=True)
    project = mcuzoo.export("signs", "rt1050", options)
    mcuzoo.build(project)
    with mcuzoo.open_board(project) as board:
        print(f"{board.hello.board}, build {board.hello.build_id[:8]}")
        for guess in board.classify(picture).top:
            print(f"{guess.score:.3f}  {guess.name}")
        # Or make the tensor yourself: int8, in the shape of the model's input.
        model = mcuzoo.load_model("signs")
        shape = model.tensor(model.inputs[0]).shape
        answer = board.infer(np.zeros(shape, dtype=np.int8))
        print(f"all grey: class {answer.output.argmax()}, equal to the host: {answer.equal}")


if __name__ == "__main__":
    main()
