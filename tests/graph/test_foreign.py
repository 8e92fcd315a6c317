"""What people have instead of a .tflite is named, with the command that leads on."""

from __future__ import annotations

import shlex
import zipfile
from pathlib import Path

import pytest
from helpers import tflite_builder as build
from helpers.small_net import small_net

from mcuzoo.errors import InputError, ModelError
from mcuzoo.graph.foreign import foreign_model
from mcuzoo.graph.read import load_model
from mcuzoo.quantize.source import Kind, find_source
from mcuzoo.zoo.registry import resolve_model

HDF5 = b"\x89HDF\r\n\x1a\n" + bytes(100)


def zipped(path: Path, *names: str) -> Path:
    with zipfile.ZipFile(path, "w") as archive:
        for name in names:
            archive.writestr(name, b"x")
    return path


def written(path: Path, content: bytes) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return path


def test_what_quantize_takes_is_sent_there(tmp_path: Path) -> None:
    saved = written(tmp_path / "my saved" / "saved_model.pb", b"\x08\x01").parent
    for path in (
        written(tmp_path / "net.h5", HDF5),
        written(tmp_path / "renamed.tflite", HDF5),
        written(tmp_path / "net.onnx", b"\x08\x07"),
        written(tmp_path / "onnx.tflite", b"\x08\x08\x12\x07pytorch\x1a\x052.1.0"),
        zipped(tmp_path / "my net.keras", "config.json", "model.weights.h5"),
        saved,
    ):
        for refuse in (load_model, lambda path: resolve_model(str(path))):
            with pytest.raises(ModelError, match="is no TFLite model but") as caught:
                refuse(path)
            words = shlex.split(caught.value.hint)
            assert words[:3] == ["mcuzoo", "quantize", str(path)] and "--calibration" in words
        assert find_source(path).kind is not Kind.TFLITE


def test_what_it_does_not_take_is_led_through_what_converts_it(tmp_path: Path) -> None:
    for path, word in (
        (zipped(tmp_path / "net.pt", "net/data.pkl"), "torch.onnx.export"),
        (written(tmp_path / "net.pth", b"\x80\x02}q"), "torch.onnx.export"),
        (written(tmp_path / "frozen.pb", b"\n\x20"), "Keras file or a SavedModel"),
        (zipped(tmp_path / "models.zip", "model.tflite"), "Unpack"),
        (written(tmp_path / "models.tar.gz", b"\x1f\x8b\x08"), "Unpack"),
        (written(tmp_path / "page.tflite", b"\n<!DOCTYPE html><html>"), "Download"),
        (written(tmp_path / "lfs.tflite", b"version https://git-lfs.github.com/spec/v1\n"), "lfs"),
        (written(tmp_path / "none.tflite", b""), "again"),
        (written(tmp_path / "missing.tflite", b"404: Not Found"), "address"),
        (written(tmp_path / "entry.tflite", b"Entry not found"), "address"),
        (written(tmp_path / "api.tflite", b'{"message": "Bad credentials"}'), "belongs to it"),
        (written(tmp_path / "model_data.cc", b"alignas(16) const unsigned char g[]"), "made of"),
        (written(tmp_path / "net.pte", b"\x10\0\0\0ET12\0\0\0\0"), "torch.onnx.export"),
        (written(tmp_path / "model.eim", b"\x7fELF\x02\x01"), "built from"),
        (zipped(tmp_path / "saved.zip", "saved/saved_model.pb"), "Unpack"),
    ):
        with pytest.raises(ModelError) as caught:
            load_model(path)
        assert word in caught.value.hint, path
        with pytest.raises(InputError) as other:
            find_source(path)
        assert word in other.value.hint, path


def test_what_nobody_knows_stays_so(tmp_path: Path) -> None:
    assert foreign_model(written(tmp_path / "text.tflite", b"hello there")) is None
    assert foreign_model(tmp_path) is None and foreign_model(tmp_path / "absent") is None


@pytest.mark.parametrize(
    ("code", "chip"),
    [
        ("ethos-u", "Ethos-U"),
        ("NeutronGraph", "Neutron"),
        ("edgetpu-custom-op", "Edge TPU"),
        ("XC_conv2d_v2", "xcore"),
    ],
)
def test_models_for_an_npu_name_it(tmp_path: Path, code: str, chip: str) -> None:
    schema = pytest.importorskip("ai_edge_litert.schema_py_generated")
    import flatbuffers

    tensors = [build.T(name, (1, 4), scale=0.1) for name in "ab"]
    raw = build.build_model(tensors, [build.O("RELU", (0,), (1,))], [0], [1])
    model = schema.ModelT.InitFromPackedBuf(raw)
    (kind,) = model.operatorCodes
    kind.builtinCode = kind.deprecatedBuiltinCode = schema.BuiltinOperator.CUSTOM
    kind.customCode = code
    builder = flatbuffers.Builder()
    builder.Finish(model.Pack(builder), b"TFL3")
    path = written(tmp_path / "npu.tflite", bytes(builder.Output()))
    with pytest.raises(
        ModelError, match=f"npu.tflite: The model is compiled for .*{chip}"
    ) as error:
        load_model(path)
    assert "Give the INT8 .tflite file" in error.value.hint


def test_a_download_that_was_cut_off_says_so(tmp_path: Path) -> None:
    raw = small_net()
    for share in (0.3, 0.6, 0.95):
        path = written(tmp_path / "cut.tflite", raw[: int(len(raw) * share)])
        with pytest.raises(ModelError, match="cut-off download"):
            load_model(path)
