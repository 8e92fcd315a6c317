"""Protocol versions meet: whole runs with firmware of older versions, and with a board of a later
one."""

from __future__ import annotations

import json
import shutil
import sys
from pathlib import Path

import pytest
from helpers.commands import Said, invoke
from helpers.fake_board import write_images
from helpers.host_firmware import TESTS
from helpers.host_project import HostProject, make_host_project

from mcuzoo.emulator.url import register_pyserial
from mcuzoo.link import messages
from mcuzoo.link.frame import Frame, FrameReader, encode_frame
from mcuzoo.link.messages import MESSAGES
from mcuzoo.link.session import Session, Timing

pytestmark = pytest.mark.slow

posix = pytest.mark.skipif(sys.platform == "win32", reason="needs ptys")

FROZEN = TESTS / "frozen"
OLDER = ("without-uploads", "without-agent", "without-features")
IMAGES = 6
FAULTS = "flip=0.0005,drop=0.0002,noise=0.0002,seed=1"


def run(port: str, project: Path, images: Path, out: Path) -> Said:
    words = ("run-serial", "--port", port, "--project", project, "--images", images)
    return invoke((*words, "--out", out, "--json"))


def old_board(version: str, faults: str = "") -> str:
    return f"emulator://{FROZEN / version / 'firmware.bin'}?board=rt1050&count=0{faults}"


@pytest.fixture(params=OLDER)
def version(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def old_project(version: str, tmp_path: Path) -> Path:
    project = tmp_path / version
    (project / "model").mkdir(parents=True)
    shutil.copy(FROZEN / version / "mcuzoo.json", project)
    shutil.copy(FROZEN / "tiny.tflite", project / "model/model.tflite")
    return project


@pytest.mark.parametrize(
    "faults",
    ["", pytest.param(f"&faults={FAULTS}", marks=pytest.mark.full)],
    ids=["quiet", "faulty"],
)
def test_an_older_board_runs(version: str, old_project: Path, tmp_path: Path, faults: str) -> None:
    images = write_images(tmp_path / "images", IMAGES, 5)
    done = run(old_board(version, faults), old_project, images, tmp_path / "run")
    assert done.exit_code == 0, done.stderr
    assert json.loads(done.stdout)["reference"]["equal"] == IMAGES


def test_what_an_older_board_does_not_say_is_nothing(version: str) -> None:
    register_pyserial()
    timing = Timing(latency_s=5.0, connect_s=60.0)
    with Session.open(old_board(version), timing=timing) as session:
        hello = session.hello()
        assert (hello.board, hello.model_capacity_bytes) == ("rt1050", 0)
        assert hello.agent == "emulator"  # by its CPUID
        assert session.ping().bad_frames == 0


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> HostProject:
    return make_host_project(tmp_path_factory.mktemp("host"), IMAGES)


# What ends with a `rest` has no room for fields behind it.
ENDLESS = {code for code, kind in MESSAGES.items() if "Data" in kind.__annotations__.values()}


@posix
class TestLater:
    """The same firmware, whose answers are changed on their way."""

    @staticmethod
    def longer(frame: Frame) -> Frame:
        more = b"" if frame.type in ENDLESS else b"\xaa\x00\x55" * 3
        return Frame(frame.type, frame.flags | 0x80, frame.seq, frame.payload + more)

    @staticmethod
    def version_2(frame: Frame) -> Frame:
        if frame.type not in (messages.HelloReply.code, messages.Boot.code):
            return frame
        return Frame(frame.type, frame.flags, frame.seq, b"\2" + frame.payload[1:])

    def run_changed(self, project: HostProject, tmp_path: Path, how: str) -> Said:
        from helpers.fault_proxy import Line
        from helpers.host_firmware import HostBoard

        reader, change = FrameReader(), getattr(self, how)

        class Changed(HostBoard):
            def read(self) -> bytes:
                data = super().read()
                if not data:
                    return b""
                # An empty frame where none is complete: no data would mean the board's end.
                return b"\0" + b"".join(encode_frame(change(frame)) for frame in reader.feed(data))

        with Line(Changed(project.firmware, tmp_path)) as line:
            return run(line.url, project.folder, project.images, tmp_path / "run")

    def test_longer_messages_and_unknown_flags_are_accepted(
        self, project: HostProject, tmp_path: Path
    ) -> None:
        done = self.run_changed(project, tmp_path, "longer")
        assert done.exit_code == 0, done.stderr
        assert json.loads(done.stdout)["reference"]["equal"] == IMAGES

    def test_version_2_is_refused_in_words(self, project: HostProject, tmp_path: Path) -> None:
        done = self.run_changed(project, tmp_path, "version_2")
        assert done.exit_code == 4
        error = json.loads(done.stdout)
        assert error["error"] == "ProtocolError"
        assert "speaks link protocol 2, this mcuzoo 1" in error["message"]
        assert "Traceback" not in done.stderr
