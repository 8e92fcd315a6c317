"""The zoo's table: published and measured side by side, each with where it is from."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from helpers.boards import BOARDS, LINUX_BOARDS
from helpers.commands import finished, mcuzoo
from helpers.exported import fit_model
from helpers.shared import shared_root

from mcuzoo.board.load import load_board
from mcuzoo.errors import InputError
from mcuzoo.graph.read import load_model
from mcuzoo.plan.zoo_facts import FactsCache
from mcuzoo.plan.zoo_table import TableRow, zoo_table
from mcuzoo.report.zoo import model_card, zoo_text
from mcuzoo.zoo.measured import record
from mcuzoo.zoo.registry import load_or_build, resolve_model

pytestmark = pytest.mark.slow

NXP = "0dcb23e3aef7f30edac1f458aa63f52783a28916adb9611a1ee3bcdf1c172604"
UINT8 = "3799e7cdb3ec44beacaf47ef5c884111c919e51bb50b34ac836244b08d4b953b"


@pytest.fixture(autouse=True)
def user(monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory) -> None:
    monkeypatch.delenv("MCUZOO_MODELS", raising=False)
    monkeypatch.setenv("MCUZOO_DATA", str(tmp_path_factory.mktemp("data")))
    # One cache for all tests: the plans in it stay right, which is what it is for.
    cache = shared_root(tmp_path_factory) / "table-cache"
    monkeypatch.setenv("XDG_CACHE_HOME", str(cache))


def row_of(name: str) -> TableRow:
    (row,) = zoo_table(name).rows
    return row


def test_without_a_file_the_layers_speak() -> None:
    row = row_of("mobilenet_v1_1.0_224")
    assert row.file is None and row.by_layers
    ops = row.figures["ops"]
    assert ops.published is not None and ops.measured is not None
    assert (ops.published.value, ops.measured.value) == (1138e6, 2 * 568_741_376)
    assert ops.measured.how == "layers" and "mobilenet_v1.md" in ops.published.source
    assert row.fits["rt1064"] == {"aot": False, "tflm": False}
    assert row.fits["rt1050"] == {"aot": True, "tflm": True}  # in its SDRAM
    assert row.figures["top1_int8"].measured is None


def test_with_the_file_the_file_speaks(test_data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MCUZOO_MODELS", str(test_data / "models"))
    row = row_of("mobilenet_v1_0.25_128")
    assert (row.sha256, row.by_layers) == (NXP, False)
    size, params = row.figures["int8_bytes"], row.figures["params"]
    assert size.published is not None and size.published.value == 0.47e6
    assert size.measured is not None and (size.measured.value, size.measured.how) == (
        623_120,
        "file",
    )
    assert params.measured is not None and params.measured.value == 467_593
    assert any("623,120" in note and "UINT8" in note for note in row.notes)
    face = row_of("deepface_emotion")
    assert face.published_compatibility == ("i.MX 8M Plus", "i.MX 93")
    verdicts = [fit for by_runtime in face.fits.values() for fit in by_runtime.values()]
    assert len(verdicts) == 2 * len((*BOARDS, *LINUX_BOARDS)) and all(verdicts)
    assert any("23,497,424" in note for note in face.notes)


def test_a_measurement_is_of_one_file(test_data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MCUZOO_MODELS", str(test_data / "models"))
    record(UINT8, "top1", 0.39, 200, "images", "litert")
    row = row_of("mobilenet_v1_0.25_128")
    assert row.figures["top1_int8"].measured is None
    assert row.figures["top1_uint8"].measured is not None
    mine = record(NXP, "top1", 0.395, 200, "images", "reference")
    measured = row_of("mobilenet_v1_0.25_128").figures["top1_int8"].measured
    assert measured is not None and measured.measurement == mine
    published = row_of("mobilenet_v1_0.25_128").figures["top1_int8"].published
    assert published is not None and published.value == 0.39


@pytest.mark.parametrize("runtime", ["aot", "tflm"])
@pytest.mark.parametrize("name", ["signs", "mobilenet_v1_0.5_160"])
def test_the_verdict_is_fits(name: str, runtime: str) -> None:
    model = load_or_build(name).model
    for board in BOARDS:
        report = fit_model(model, load_board(board), runtime)
        assert row_of(name).fits[board][runtime] == report.fits


@pytest.mark.parametrize(
    "content", ["", "[]", '{"BASE": 1}', '{"BASE": {"ID": {"ops": "x"}}}', "{" * 5000]
)
def test_a_damaged_cache_costs_time_alone(
    content: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    boards = [load_board("rt1050")]
    model = load_model(resolve_model("signs").path)
    path = tmp_path / "mcuzoo" / "facts.json"
    path.parent.mkdir()
    base = FactsCache(boards)._base
    path.write_text(content.replace("BASE", base).replace("ID", model.sha256))
    cache = FactsCache(boards)
    assert cache.facts(model.sha256, None) is None
    found = cache.facts(model.sha256, model)
    cache.save()
    assert found is not None and found.ops > 0
    assert FactsCache(boards).facts(model.sha256, None) == found


def test_a_board_that_no_page_names_has_no_published_verdict() -> None:
    text = zoo_text(zoo_table("deepface_emotion"), 400)
    header, published = text.splitlines()[0], text.splitlines()[2]
    said = {name: published[header.index(name) :].split("  ")[0] for name in ("RT1050", "RT1060")}
    assert said == {"RT1050": "no", "RT1060": ""}


def test_boards_that_run_linux_have_columns_of_their_own(
    monkeypatch: pytest.MonkeyPatch, test_data: Path
) -> None:
    """Published beside ours: the zoo leaves i.MX 93 out for MnasNet, whose layers are all NPU."""
    row = row_of("mnasnet")
    assert row.published_boards["imx8mp"] and not row.published_boards["imx93"]
    assert "rt1060" not in row.published_boards and not row.published_boards["rt1050"]
    use = row.npu["imx93"]
    assert use is not None and (use.npu, use.cpu, use.fits) == (102, 0, True)
    assert use.compiler.startswith("Vela ") and 0 < use.sram_bytes <= 384 * 1024
    assert row.npu["imx8mp"] is None and set(row.npu) == set(LINUX_BOARDS)
    assert row.fits["imx8mp"] == row.fits["imx93"] == {"aot": True, "tflite": True}
    text = zoo_text(zoo_table("mnasnet"), 400)
    header, _, published, measured = text.splitlines()[:4]
    for name, wanted in (("IMX8MP", ("yes", "~cpu")), ("IMX93", ("no", "~npu"))):
        at = header.index(name)
        assert (published[at:].split()[0], measured[at:].split()[0]) == wanted
    at = header.index("MCX N947")
    assert (published[at:].split()[0], measured[at:].strip()) == ("no", "")
    monkeypatch.setenv("MCUZOO_MODELS", str(test_data / "models"))
    card = model_card(row_of("mobilenet_v1_0.25_128"))
    assert "imx93, NPU: 31 of 32 operators; DEQUANTIZE on the cores" in card
    assert "imx8mp, NPU: not known here" in card


def test_of_a_file_that_is_not_the_zoos_the_graph_is_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Arm's compiler is not run for a table."""
    model = resolve_model("signs").path.read_bytes()
    monkeypatch.setenv("MCUZOO_MODELS", str(tmp_path))
    monkeypatch.setattr("mcuzoo.plan.zoo_table.shipped_linux_facts", lambda boards: {})
    (tmp_path / resolve_model("signs").path.name).write_bytes(model)
    row = row_of("signs")
    assert row.fits["imx93"] == {"aot": True, "tflite": True} and row.npu["imx93"] is None
    assert "imx93, NPU: not known here (mcuzoo fit signs --board imx93)" in model_card(row)


@pytest.mark.full
def test_the_command(test_data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MCUZOO_MODELS", str(test_data / "models"))
    record(NXP, "top1", 0.395, 200, "imagenet pack", "reference")
    monkeypatch.setenv("COLUMNS", "200")
    done = finished(mcuzoo("models"))
    assert done.returncode == 0
    # On a slow machine it says what it is at.
    assert all(line.startswith("planning ") for line in done.stderr.splitlines())
    line = next(text for text in done.stdout.splitlines() if "0.395 (200)" in text)
    assert "27.14M" in line and "0.4676" in line and "0.623" in line and "fits" in line
    assert "200 images of imagenet pack, reference" in done.stdout
    document = json.loads(finished(mcuzoo("models", "--json")).stdout)
    rows = {row["name"]: row for row in document["models"]}
    assert document["schema"] == "models-1" and len(rows) == 25
    figure = rows["mobilenet_v1_0.25_128"]["figures"]["top1_int8"]
    assert figure["published"]["value"] == 0.39
    assert figure["measured"]["measurement"]["n"] == 200


def test_every_row_is_known_without_planning(monkeypatch: pytest.MonkeyPatch) -> None:
    """The first `mcuzoo models` has to be quick: what it shows comes with mcuzoo."""

    def planned(*_: object) -> None:
        raise AssertionError("planned a model whose facts are shipped")

    monkeypatch.setattr("mcuzoo.plan.zoo_facts.find_facts", planned)
    boards = {*BOARDS, *LINUX_BOARDS}
    assert all(set(row.fits) == boards and all(row.fits.values()) for row in zoo_table().rows)


def test_one_model_in_full(test_data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MCUZOO_MODELS", str(test_data / "models"))
    card = model_card(zoo_table("mobilenet_v1_0.25_128").rows[0])
    for fact in (NXP, UINT8, "Apache-2.0", "rt1050, tflm: fits", "int8_bytes 623,120 in",
                 "int8_bytes 470,000 published: eIQ", "no hash is on record"):  # fmt: skip
        assert fact in card
    large = model_card(zoo_table("mobilenet_v1_1.0_224").rows[0])
    assert "rt1064, aot: does not fit" in large and "mcuzoo fetch" in large
    with pytest.raises(InputError, match="no model 'mobile'"):
        zoo_table("mobile")


def test_a_hostile_file_costs_one_note(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MCUZOO_MODELS", str(tmp_path))
    garbage = tmp_path / "deepface_emotion_int8.tflite"
    garbage.write_bytes(b"\x1c\0\0\0TFL3" + bytes(range(256)) * 9)
    wrong = resolve_model("signs").path.read_bytes()
    (tmp_path / "mobilenet_v1_0.5_160_quant.tflite").write_bytes(wrong)
    with (tmp_path / "mobilenet_v1_0.25_128_quant.tflite").open("wb") as huge:
        huge.truncate(1 << 40)
    face = row_of("deepface_emotion")
    assert any(str(garbage) in note for note in face.notes)
    assert face.by_layers and face.file is None
    garbage.write_bytes(wrong)
    assert any("is not deepface_emotion" in note for note in row_of("deepface_emotion").notes)
    assert row_of("mobilenet_v1_0.25_128").by_layers


def test_every_file_is_listed_with_its_licence() -> None:
    files = row_of("mobilenet_v1_0.25_128").files
    assert [file.role for file in files] == ["int8", "uint8", "fp32"]
    assert files[0].sha256 == files[0].url_sha256 == NXP
    assert files[2].url_sha256 is None and files[2].licence == "Apache-2.0"
