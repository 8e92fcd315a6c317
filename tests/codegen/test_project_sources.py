"""Only the firmware files that are needed are copied, with all that they reach."""

from __future__ import annotations

from pathlib import Path

import pytest

from mcuzoo.codegen.sources import firmware_files
from mcuzoo.errors import InputError


@pytest.fixture
def firmware(tmp_path: Path) -> Path:
    folder = tmp_path / "firmware"
    for name, text in {
        "app/main.c": '#include <stdint.h>\n#include "link/frame.h"\n  #  include "mz_board.h"\n',
        "link/frame.h": '#include "wire.h"\n',
        "link/wire.h": '#include "frame.h"\n',
        "link/wire.c": '#include "link/wire.h"\n#include "link/table.h"\n',
        "link/table.h": "",
        "kernels/unused.c": '#include "kernels/unused.h"\n',
        "kernels/unused.h": "",
        "kernels/used.h": "",
    }.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    return folder


def test_includes_are_followed_from_sources_and_rendered_files(firmware: Path) -> None:
    rendered = {"board/mz_board.h": "", "model/mz_model.c": '#include "kernels/used.h"\n'}
    files = firmware_files(["app/main.c"], firmware, rendered)
    assert set(files) == {
        "firmware/app/main.c",
        "firmware/link/frame.h",
        "firmware/link/wire.h",
        "firmware/link/wire.c",
        "firmware/link/table.h",
        "firmware/kernels/used.h",
    }
    assert files["firmware/link/wire.h"] == b'#include "frame.h"\n'


def test_an_include_from_nowhere(firmware: Path) -> None:
    with pytest.raises(InputError, match=r"firmware/app/main\.c includes 'mz_board\.h'"):
        firmware_files(["app/main.c"], firmware, {})
