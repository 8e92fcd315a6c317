"""Export a model, build it, boot the emulated board and let it classify pictures.

    python examples/classify_a_picture.py [FOLDER]

It needs a compiler (Arm's GCC, or Zig from PyPI) and the emulator. For your own board, give its
port to open_board and the project to BoardOptions.
"""

from __future__ import annotations

import sys
from pathlib import Path

import mcuzoo
from mcuzoo import ExportOptions


def main() -> None:
    folder = Path(sys.argv[1] if len(sys.argv) > 1 else "hello-signs")
    options = ExportOptions(runtime="aot", project="cmake", output=folder)
    project = mcuzoo.export("signs", "rt1170", options)
    build = mcuzoo.build(project)
    print(f"{build.elf}: {build.code_bytes:,} bytes of code, by {build.toolchain}")
    pictures = sorted((folder / "samples").glob("*.png"))[:3]
    with mcuzoo.open_board(project) as board:
        for picture in pictures:
            seen = board.classify(picture)
            print(f"{picture.name}: {seen.best.name}, {seen.best.score:.3f}")
            for guess in seen.top[1:3]:
                print(f"  or {guess.name}, {guess.score:.3f}")
            answer = seen.answer
            print(f"  {answer.count:,} {answer.unit}; equal to the host: {answer.equal}")


if __name__ == "__main__":
    main()
