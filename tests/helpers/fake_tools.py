"""LinkServer, J-Link Commander and west as programs on the PATH that record how they are called.
Their board's flash is a file."""

from __future__ import annotations

import json
import os
import stat
import sys
import textwrap
from pathlib import Path
from typing import Any

import pytest

LINKSERVER_PROBES = """\
INFO: Getting available probes
  #  Description                                    Serial         Device    Board         Capabilities
---  ---------------------------------------------  -------------  --------  ------------  ----------------
  1  MCU-LINK (r0FF) CMSIS-DAP V3.128               EB04LLNGMJHMR  ANY       FRDM-ANY      DEBUG, VCOM, SIO
"""  # noqa: E501
"""As LinkServer 24.9 prints it."""

JLINK_PROBES = """\
SEGGER J-Link Commander V7.94 (Compiled Nov 15 2023 15:58:32)
J-Link>ShowEmuList USB
J-Link[0]: Connection: USB, Serial number: 801012345, ProductName: J-Link EDU Mini
J-Link>exit
"""

_HEAD = """\
#!{python}
import json, os, pathlib, sys, time
place = pathlib.Path({place!r})
words = sys.argv[1:]
files = {{one.name: one.read_text() for one in pathlib.Path().glob("*.jlink")}}
with (place / "calls").open("a") as calls:
    calls.write(json.dumps({{"tool": {name!r}, "words": words, "files": files,
                            "folder": os.getcwd()}}) + "\\n")
flash = place / "flash"
trouble = (place / "trouble").read_text() if (place / "trouble").exists() else ""
if trouble == "hangs":
    time.sleep(600)
"""

_LINKSERVER = """
if words == ["probes"]:
    print({listed!r}); sys.exit(0)
if trouble == "gone":
    print("ERROR: Probe disconnected"); sys.exit(255)
name = words[-1]
content = pathlib.Path(name).read_bytes()
if words[-2] == "load":
    flash.write_bytes(content if trouble != "worn" else content[:-9] + bytes(9))
if words[-2] == "verify":
    if flash.read_bytes() != content:
        print("Nc: Verify failed at 0x60000123"); sys.exit(1)
    print("File matches flash")
"""

_JLINK = """
from intelhex import IntelHex
script = pathlib.Path(words[words.index("-CommandFile") + 1]).read_text()
if "ShowEmuList" in script:
    print({listed!r}); sys.exit(0)
for line in script.splitlines():
    word, *rest = line.replace(",", " ").split()
    if word == "loadfile":
        if trouble == "gone":
            print("ERROR: Could not connect to J-Link."); sys.exit(1)
        content = pathlib.Path(rest[0]).read_bytes()
        flash.write_bytes(content)
    if word == "savebin" and trouble != "mute":
        start, size = int(rest[1], 16), int(rest[2], 16)
        back = IntelHex(str(flash)).tobinarray(start=start, size=size).tobytes()
        if trouble == "worn":
            back = back[:100] + bytes([back[100] ^ 1]) + back[101:]
        pathlib.Path(rest[0]).write_bytes(back)
"""

_WEST = """
if trouble == "gone":
    print("FATAL ERROR: no board"); sys.exit(7)
"""


class FakeTools:
    """`calls`: what was called so far. `trouble`: hangs, gone, worn (the flash), mute."""

    def __init__(self, place: Path, patch: pytest.MonkeyPatch) -> None:
        self.place = place
        self.bin = place / "bin"
        self.bin.mkdir(parents=True)
        kept = [folder for folder in ("/usr/bin", "/bin") if Path(folder).is_dir()]
        patch.setenv("PATH", os.pathsep.join([str(self.bin), *kept]))

    def add(self, *names: str) -> FakeTools:
        bodies = {
            "LinkServer": _LINKSERVER.format(listed=LINKSERVER_PROBES),
            "JLinkExe": _JLINK.format(listed=JLINK_PROBES),
            "west": _WEST,
        }
        for name in names:
            body = bodies.get(name, "")
            head = _HEAD.format(python=sys.executable, place=str(self.place), name=name)
            program = self.bin / name
            program.write_text(head + textwrap.dedent(body))
            program.chmod(program.stat().st_mode | stat.S_IXUSR)
        return self

    def trouble(self, kind: str) -> None:
        (self.place / "trouble").write_text(kind)

    @property
    def calls(self) -> list[dict[str, Any]]:
        """All calls but those that list probes."""
        path = self.place / "calls"
        lines = path.read_text().splitlines() if path.exists() else []
        found = [json.loads(line) for line in lines]
        return [
            one for one in found if one["words"] != ["probes"] and "list.jlink" not in one["files"]
        ]


def add_usb_device(folder: Path, name: str, **files: str) -> None:
    """A device in a folder like /sys/bus/usb/devices. `interface`: the name of its first one."""
    device = folder / name
    (device / f"{name}:1.0").mkdir(parents=True)
    if "interface" in files:
        (device / f"{name}:1.0" / "interface").write_text(files.pop("interface") + "\n")
    for key, text in files.items():
        (device / key).write_text(f"{text}\n")
