"""`fetch` whole: from a registry file and a real server to a checked INT8 model in the cache."""

from __future__ import annotations

import io
import json
import os
import signal
import ssl
import subprocess
import tarfile
import time
from dataclasses import asdict
from hashlib import sha256
from pathlib import Path

import numpy as np
import pytest
import trustme
from helpers.commands import finished, mcuzoo
from helpers.https_server import (
    Exchange,
    HttpsServer,
    breaks_after,
    in_turn,
    sends,
    write_authority,
)
from helpers.uint8_models import uint8_net

from mcuzoo.engines.reference import ReferenceEngine
from mcuzoo.errors import FetchError, InputError, McuzooError, UsageError
from mcuzoo.graph.read import load_model
from mcuzoo.zoo.catalog import catalog, parse_models
from mcuzoo.zoo.fetch.download import Patience
from mcuzoo.zoo.fetch.fetch import FetchReport, fetch_file, fetch_model
from mcuzoo.zoo.find import cache_folder, trusted_sha256
from mcuzoo.zoo.schema import ZooModel
from mcuzoo.zoo.structure import build_structure

pytestmark = pytest.mark.slow

PATIENCE = Patience(attempts=2, stall_s=5, pause_s=0.01)
NET = uint8_net()
REGISTRY = """
name = "tiny"
description = "a net for tests"
task = "image classification"
architecture = "CNN"
backbone = "none"
data_set = "none"
input = [4, 4, 2]
[[file]]
role = "uint8"
title = "tiny"
source = "a server of the test"
licence = "none"
names = ["tiny_quant.tflite"]
{file_hash}
[file.download]
url = "{url}"
member = "tiny_quant.tflite"
max_bytes = 1_000_000
{archive_hash}
[preprocessing]
color = "rgb"
crop = 1.0
resize = "bilinear"
pixel_offset = -128
[labels]
classes = ["a", "b", "c", "d", "e", "f"]
"""


def archive(content: bytes = NET, name: str = "tiny_quant.tflite") -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w:gz") as made:
        for member, data in (("checkpoint", b"x" * 3000), (name, content)):
            info = tarfile.TarInfo(f"./{member}")
            info.size = len(data)
            made.addfile(info, io.BytesIO(data))
    return out.getvalue()


ARCHIVE = archive()


def stated(raw: bytes) -> str:
    return f'sha256 = "{sha256(raw).hexdigest()}"'


def by_somebody(raw: bytes) -> str:
    return f'{stated(raw)}\nsha256_source = "the test"'


def registry(url: str, file_hash: str = "", archive_hash: str = "") -> ZooModel:
    text = REGISTRY.format(url=url, file_hash=file_hash, archive_hash=archive_hash)
    return parse_models(text, "tiny.toml")[0]


@pytest.fixture(autouse=True)
def user(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    monkeypatch.delenv("MCUZOO_MODELS", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "user" / "cache"))
    monkeypatch.setenv("MCUZOO_DATA", str(tmp_path / "user" / "data"))
    return tmp_path / "user"


@pytest.fixture
def server(server: HttpsServer) -> HttpsServer:
    server.answers["/tiny.tgz"] = sends(ARCHIVE)
    return server


def cached() -> set[str]:
    folder = cache_folder()
    return {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}


DONE = {"tiny_quant.tflite", "tiny_quant_to_int8.tflite", "tiny_quant_to_int8.json"}


def test_it_ends_with_an_int8_model_that_computes(
    server: HttpsServer, context: ssl.SSLContext
) -> None:
    model = registry(server.url("/tiny.tgz"), stated(NET), by_somebody(ARCHIVE))
    report = fetch_file(model, patience=PATIENCE, context=context)
    assert (report.trust, report.fetched, report.sha256) == (
        "registry", True, sha256(NET).hexdigest(),
    )  # fmt: skip
    assert cached() == DONE
    assert report.ready is not None and report.converted is not None
    assert report.converted.report["lossless_channels"] == 6
    int8 = ReferenceEngine(load_model(Path(report.ready)))
    assert int8.run(np.zeros((1, 4, 4, 2), np.int8)).shape == (6,)
    assert json.loads(json.dumps(asdict(report)))["ready"] == report.ready

    server.seen.clear()
    again = fetch_file(model, patience=PATIENCE, context=context)
    assert not again.fetched and again.trust == "registry" and server.seen == []


def test_trust_on_first_use(server: HttpsServer, context: ssl.SSLContext, user: Path) -> None:
    model = registry(server.url("/tiny.tgz"))

    def fetched() -> FetchReport:
        return fetch_file(model, patience=PATIENCE, context=context)

    assert fetched().trust == "learnt"
    assert fetched().trust == "remembered"
    assert trusted_sha256(model.file[0].download.url) == sha256(ARCHIVE).hexdigest()  # type: ignore[union-attr]
    for path in cache_folder().glob("tiny*"):
        path.unlink()
    assert fetched().trust == "remembered"

    other = bytearray(NET)
    other[-1] ^= 1
    for path in cache_folder().glob("tiny*"):
        path.unlink()
    server.answers["/tiny.tgz"] = sends(archive(bytes(other)), '"2"')
    with pytest.raises(InputError, match="another content before") as raised:
        fetched()
    assert "trusted.json" in raised.value.hint
    assert cached() == set()
    # The same member in another packing is another content of that address all the same.
    server.answers["/tiny.tgz"] = sends(archive(NET, "sub/tiny_quant.tflite"), '"3"')
    with pytest.raises(InputError, match="another content before"):
        fetched()
    assert cached() == set()
    server.answers["/tiny.tgz"] = sends(ARCHIVE, '"4"')
    assert fetched().trust == "remembered"


def test_a_file_that_rotted_in_the_cache_is_fetched_again(
    server: HttpsServer, context: ssl.SSLContext
) -> None:
    model = registry(server.url("/tiny.tgz"))
    fetch_file(model, patience=PATIENCE, context=context)
    path = cache_folder() / "tiny_quant.tflite"
    path.write_bytes(NET[:-5] + b"rotten"[:5])
    report = fetch_file(model, patience=PATIENCE, context=context)
    assert report.fetched and path.read_bytes() == NET
    (cache_folder() / "tiny_quant_to_int8.tflite").write_bytes(b"rotten")
    report = fetch_file(model, patience=PATIENCE, context=context)
    assert report.ready and load_model(Path(report.ready))


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        (archive(name="other.tflite"), "holds no file tiny_quant.tflite"),
        (archive(b"not a model at all"), "no model"),
        (archive(NET[:300]), "no model"),
        (ARCHIVE[:-30], "damaged"),
        (b"<html>404, politely</html>", "no model"),
    ],
)
def test_what_is_not_the_model_is_not_kept(
    server: HttpsServer, context: ssl.SSLContext, content: bytes, complaint: str
) -> None:
    server.answers["/tiny.tgz"] = sends(content)
    url = server.url("/tiny.tgz")
    for model in (registry(url), registry(url, stated(NET)), registry(url, "", by_somebody(NET))):
        with pytest.raises(
            FetchError, match=rf"not fetched.*({complaint}|not the right|another file)"
        ):
            fetch_file(model, patience=PATIENCE, context=context)
        assert {name for name in cached() if "partial" not in name} == set()
    assert trusted_sha256(url) is None


def test_offline_says_what_where_and_how(context: ssl.SSLContext, tmp_path: Path) -> None:
    model = registry("https://localhost:1/tiny.tgz")
    with pytest.raises(FetchError, match=r"tiny_quant.tflite of tiny is not fetched") as raised:
        fetch_file(model, patience=PATIENCE, context=context)
    for word in ("https://localhost:1/tiny.tgz", "--from FILE", "MCUZOO_MODELS"):
        assert word in raised.value.hint


def test_by_hand(tmp_path: Path) -> None:
    packed, plain = tmp_path / "a.tgz", tmp_path / "some name.tflite"
    packed.write_bytes(ARCHIVE)
    plain.write_bytes(NET)
    url = "https://localhost:1/tiny.tgz"
    for model in (registry(url, stated(NET)), registry(url, "", by_somebody(ARCHIVE))):
        assert fetch_file(model, str(packed)).trust == "registry"
    assert fetch_file(registry(url), str(plain)).trust == "remembered"
    assert cached() == DONE
    with pytest.raises(FetchError, match=r"archive is not the right file.*recorded by the test"):
        fetch_file(registry(url, "", by_somebody(NET)), str(packed))
    with pytest.raises(FetchError, match="file is not the right file"):
        fetch_file(registry(url, stated(ARCHIVE)), str(plain))
    with pytest.raises(InputError, match="no file"):
        fetch_file(registry(url), str(tmp_path / "absent"))
    with pytest.raises(FetchError, match="not an https address"):
        fetch_file(registry(url), "http://localhost/tiny.tgz")
    with pytest.raises(UsageError, match=r"No file of mobilenet_v2 is published; .*recipe\.sh"):
        fetch_model("mobilenet_v2")
    with pytest.raises(UsageError, match="comes with mcuzoo"):
        fetch_model("signs")
    with pytest.raises(UsageError, match="no keras file"):
        fetch_file(registry(url), role="keras")


def test_hostile_models_never_end_in_a_traceback(tmp_path: Path) -> None:
    rng = np.random.default_rng(1)
    model = registry("https://localhost:1/tiny.tgz")
    path = tmp_path / "hostile.tflite"
    kept = 0
    for _ in range(150):
        raw = bytearray(NET)
        for _ in range(rng.integers(1, 5)):
            raw[rng.integers(8, len(raw))] = rng.integers(0, 256)
        path.write_bytes(bytes(raw))
        try:
            fetch_file(model, str(path))
            kept += 1
        except McuzooError as error:
            assert error.hint
        (Path(os.environ["MCUZOO_DATA"]) / "trusted.json").unlink(missing_ok=True)
    assert kept < 150


def uint8_mobilenet() -> bytes:
    """A UINT8 file of the shape of mobilenet_v1_0.25_128, with other weights."""
    from dataclasses import replace

    from mcuzoo.graph.model import DType, Quantization
    from mcuzoo.graph.write import write_model

    model = build_structure(catalog()["mobilenet_v1_0.25_160"])
    tensors = []
    for tensor in model.tensors:
        data, scales = tensor.data, tensor.quantization
        if tensor.dtype is DType.INT8 and scales is not None:
            if data is not None:
                data = (data.astype(np.int16) + 128).astype(np.uint8)
            shifted = Quantization(scales.scales[:1], scales.zero_points[:1] + 128)
            tensor = replace(tensor, dtype=DType.UINT8, data=data, quantization=shifted)
        tensors.append(tensor)
    ops = tuple(replace(op, version=1) for op in model.ops)
    return write_model(replace(model, tensors=tuple(tensors), ops=ops))


@pytest.mark.skipif(os.name == "nt", reason="needs SIGKILL")
def test_the_command_survives_its_death(
    server: HttpsServer, authority: trustme.CA, user: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    user.mkdir()
    monkeypatch.setenv("SSL_CERT_FILE", str(write_authority(authority, user)))
    content = uint8_mobilenet()
    half = len(content) // 2

    def slow(exchange: Exchange) -> None:
        exchange.head(200, Content_Length=len(content), ETag='"1"')
        exchange.wfile.write(content[:half])
        server.stopping.wait(60)

    server.answers["/file"] = slow
    command = mcuzoo("fetch", "mobilenet_v1_0.25_160", "--from", server.url("/file"), "--json")
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        parts = list((cache_folder() / "partial").glob("*")) if cache_folder().exists() else []
        if any(part.stat().st_size >= half - 8192 for part in parts if part.suffix != ".json"):
            break
        time.sleep(0.05)
    process.send_signal(signal.SIGKILL)
    process.wait(timeout=120)

    server.answers["/file"] = in_turn(breaks_after(1000, content), sends(content))
    server.seen.clear()
    done = finished(command)
    assert done.returncode == 0, done.stderr
    report = json.loads(done.stdout)
    assert report["sha256"] == sha256(content).hexdigest() and report["trust"] == "learnt"
    assert server.seen[0][1] is not None and server.seen[0][1] > "bytes=1"
    assert load_model(Path(report["ready"])).tensor(0).shape == (1, 160, 160, 3)
    assert "Traceback" not in done.stderr
