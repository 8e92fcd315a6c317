"""The real firmware on a line that takes its time: reception while kernels run, the next image
ahead of its turn, the climb to a higher rate. In simulated time: nothing depends on the machine.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from helpers.exported import export_project
from helpers.paced_rig import PacedRig, every, image_of, paced_rig
from helpers.shared import built_once
from helpers.tflite_builder import conv_model

from mcuzoo.board.load import load_board
from mcuzoo.engines.reference import ReferenceEngine
from mcuzoo.graph.read import load_model
from mcuzoo.link import messages
from mcuzoo.link.frame import Frame, FrameReader
from mcuzoo.link.session import Session
from mcuzoo.project.manifest import load_manifest
from mcuzoo.project.recipe import Recipe
from mcuzoo.toolchain.build import build_project
from mcuzoo.zoo.registry import ModelSource

MakeProject = Callable[[str], Path]
FAST = 3_000_000
SIDE, CLASSES = 24, 10


@pytest.fixture(scope="module")
def make_project(tmp_path_factory: pytest.TempPathFactory) -> MakeProject:
    """The built project of a model with a small input, for a board."""
    pytest.importorskip("unicorn")

    def make(board: str) -> Path:
        def fill(folder: Path) -> None:
            random = np.random.default_rng(3)
            weights = random.integers(-127, 128, (CLASSES, SIDE, SIDE, 3), dtype=np.int8)
            model = folder / "small.tflite"
            shape = (1, SIDE, SIDE, 3)
            model.write_bytes(conv_model(shape, weights, None, padding="VALID", output_scale=4.0))
            source = ModelSource("small", model, Recipe(crop=1.0))
            export_project(source, load_board(board), folder / "project")
            build_project(folder / "project")

        return built_once(tmp_path_factory, f"paced-{board}", fill) / "project"

    return make


@pytest.fixture(scope="module")
def project(make_project: MakeProject) -> Path:
    return make_project("rt1050")


@pytest.fixture
def rig(project: Path) -> PacedRig:
    return paced_rig(project)


@pytest.fixture(scope="module")
def engine(project: Path) -> ReferenceEngine:
    return ReferenceEngine(load_model(project / load_manifest(project).model.file))


def run_images(
    session: Session, engine: ReferenceEngine, count: int, ahead: bool = True, first: int = 0
) -> list[int | None]:
    """Counts of `count` images, whose outputs are the host's."""
    counts = []
    images = [image_of(session, first + number) for number in range(count + 1)]
    for number in range(count):
        following = images[number + 1] if ahead else None
        result = session.infer(number, images[number], following)
        expected = engine.run(images[number].reshape(session.hello().input.shape))
        assert np.array_equal(result.output, expected.reshape(-1))
        counts.append(result.cycles)
    return counts


def test_bytes_that_arrive_during_an_inference_are_not_in_its_count(
    rig: PacedRig, engine: ReferenceEngine
) -> None:
    with rig.open(FAST) as session:
        quiet = run_images(session, engine, 2, ahead=False)
        began, up = rig.now_s, rig.line.up_bytes
        busy = run_images(session, engine, 2)
    assert busy == quiet
    assert rig.line.overruns == 0
    assert rig.state.use.images == 4
    assert rig.state.clean
    # Two images of 1.7 KB: what they wait for are mostly the adapter's round trips.
    share = (rig.line.up_bytes - up) * 10 / FAST / (rig.now_s - began)
    assert share > 0.5


@pytest.mark.parametrize("board", ["rt1050", pytest.param("rt1170", marks=pytest.mark.full)])
def test_the_line_climbs(make_project: MakeProject, board: str) -> None:
    rig = paced_rig(make_project(board))
    with rig.open(FAST) as session:
        session.infer(0, image_of(session, 0))
        assert rig.state.rates_used == (FAST,)
        assert rig.state.fixed_rate == ""
        assert rig.now_s < 1.0
        session.close()
        assert rig.line.host_baud == 115_200
        # The board has come down as well: the next session meets it at once.
        before = rig.now_s
        with rig.open():
            assert rig.now_s - before < 0.2


def test_max_baud(rig: PacedRig) -> None:
    with rig.open(1_000_000) as session:
        session.infer(0, image_of(session, 0))
    assert rig.state.rates_used == (1_000_000,)
    with rig.open(115_200) as session:
        session.infer(0, image_of(session, 0))
    assert rig.state.fixed_rate == "--max-baud 115200 allows no higher one"


@pytest.mark.full
def test_a_board_that_restarts_after_the_climb(rig: PacedRig, engine: ReferenceEngine) -> None:
    """The first restart at a rate may have any cause; after the second one, the rate is avoided."""
    with rig.open(FAST) as session:
        run_images(session, engine, 1)
        for baud in (FAST, 2_000_000):
            rig.board.reset()
            run_images(session, engine, 2, first=1)
            assert rig.line.host_baud == baud
    assert rig.state.failed_baud == FAST


def test_a_host_that_dies_leaves_a_board_that_finds_back(rig: PacedRig) -> None:
    rig.open(FAST)
    assert rig.line.host_baud == FAST
    with rig.open() as session:
        assert rig.line.host_baud == 115_200
        session.infer(0, image_of(session, 0))


def deaf(rig: PacedRig) -> None:
    """What the host sends at over 1.5 Mbaud is lost."""
    rig.line.spoil_to_board = lambda byte: bytes([byte]) if rig.line.host_baud < 2e6 else b""


def dumb(rig: PacedRig) -> None:
    rig.line.spoil_to_host = lambda byte: bytes([byte]) if rig.line.host_baud < 2e6 else b""


def liar(rig: PacedRig) -> None:
    """The board runs at another rate than it says."""
    rig.line.spoil_to_board = lambda byte: bytes([byte if rig.line.host_baud < 2e6 else byte ^ 33])
    rig.line.spoil_to_host = lambda byte: bytes([byte if rig.line.host_baud < 2e6 else byte ^ 66])


@pytest.mark.parametrize(
    "fault", [*(pytest.param(one, marks=pytest.mark.full) for one in (dumb, liar)), deaf]
)
def test_a_line_that_is_not_good_above_a_rate(
    rig: PacedRig, engine: ReferenceEngine, fault: Callable[[PacedRig], None]
) -> None:
    fault(rig)
    with rig.open(FAST) as session:
        run_images(session, engine, 2)
        assert rig.line.host_baud == 1_500_000
    assert rig.state.failed_baud == 2_000_000
    # The next session does not try in vain.
    before = rig.now_s
    with rig.open(FAST):
        assert rig.now_s - before < 0.5
    assert rig.now_s < 15


def test_a_restart_in_the_middle_of_the_climb(rig: PacedRig, engine: ReferenceEngine) -> None:
    """The board loses the new rate while it is being verified."""
    reader = FrameReader()
    seen: list[int] = []

    def reset_once(byte: int) -> bytes:
        for frame in reader.feed(bytes([byte])):
            seen.append(frame.type)
            if seen.count(messages.VerifyLine.code) == 2 and rig.board.resets == 0:
                rig.board.reset()
        return bytes([byte])

    rig.line.spoil_to_board = reset_once
    with rig.open(FAST) as session:
        run_images(session, engine, 1)
        assert rig.line.host_baud == 2_000_000
    assert rig.board.resets == 1


@pytest.mark.full
def test_noise_after_the_climb(rig: PacedRig, engine: ReferenceEngine) -> None:
    """Every 700th byte is damaged, but only at the highest rate: the line comes down."""
    with rig.open(FAST) as session:
        noise = every(700, lambda byte: bytes([byte ^ 4]))
        rig.line.spoil_to_board = lambda byte: (
            noise(byte) if rig.line.host_baud == FAST else bytes([byte])
        )
        run_images(session, engine, 12)
        assert rig.line.host_baud == 2_000_000
    assert rig.state.failed_baud == FAST


def test_a_lost_invoke_costs_no_image(rig: PacedRig, engine: ReferenceEngine) -> None:
    """The board runs the image when the next one comes behind it."""
    reader = FrameReader()
    lost: list[Frame] = []

    def lose_one(byte: int) -> bytes:
        for frame in reader.feed(bytes([byte])):
            if frame.type == messages.Invoke.code and not lost:
                lost.append(frame)
                return b"\x07\x00"
        return bytes([byte])

    rig.line.spoil_to_board = lose_one
    with rig.open(FAST) as session:
        images = [image_of(session, number) for number in range(3)]
        results = [session.infer(n, images[n], images[n + 1]) for n in range(2)]
    assert lost
    assert [result.attempts for result in results] == [1, 1]


@pytest.mark.parametrize("kind", ["lose", pytest.param("flip", marks=pytest.mark.full)])
def test_a_bad_line_with_images_ahead(rig: PacedRig, engine: ReferenceEngine, kind: str) -> None:
    spoil = {"lose": lambda byte: b"", "flip": lambda byte: bytes([byte ^ 16])}[kind]
    rig.line.spoil_to_board = every(1501, spoil)
    rig.line.spoil_to_host = every(977, spoil)
    with rig.open() as session:
        run_images(session, engine, 5)
    assert rig.state.frames_resent > 0


@pytest.mark.full
def test_the_next_image_is_another_one(rig: PacedRig, engine: ReferenceEngine) -> None:
    """What was sent ahead is dropped."""
    with rig.open(FAST) as session:
        session.infer(0, image_of(session, 0), image_of(session, 1))
        run_images(session, engine, 2, first=5)
        session.infer(0, image_of(session, 0), image_of(session, 1))
        session.profile(1, image_of(session, 9))
        run_images(session, engine, 1, first=7)
