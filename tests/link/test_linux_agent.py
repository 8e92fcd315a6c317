"""The Python agent of Linux boards on ai-edge-litert, met by the real host."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from helpers.examples import examples
from helpers.linux_agent import (
    AgentPort,
    agent_module,
    agent_on_pty,
    agent_with,
    listening_agent,
    needs_litert,
    session_with,
    wrong_delegate,
)
from helpers.small_net import small_net
from helpers.tflite_builder import O, T, build_model, conv_model
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from mcuzoo.engines.litert import LitertEngine
from mcuzoo.engines.reference import ReferenceEngine
from mcuzoo.errors import FirmwareError, FitError, ModelRefusedError, UsageError
from mcuzoo.graph.cut import cut_after
from mcuzoo.graph.read import load_model, parse_model
from mcuzoo.link import messages
from mcuzoo.link.channel import DeviceLog
from mcuzoo.link.codes import ErrorCode
from mcuzoo.link.frame import Frame, FrameReader, encode_frame
from mcuzoo.link.linux_session import choose_engine, engine_of, outputs_inside
from mcuzoo.link.messages import MESSAGES
from mcuzoo.link.payload import pack, unpack
from mcuzoo.link.session import Session
from mcuzoo.profile import profile_model
from mcuzoo.run.connected_board import ANY_LINUX
from mcuzoo.zoo.registry import resolve_model

if sys.platform == "win32":
    pytest.skip("an agent is for Linux", allow_module_level=True)

pytestmark = needs_litert

WEIGHTS = np.random.default_rng(5).integers(-127, 128, (3, 2, 2, 2), dtype=np.int8)
BIAS = np.array([5, -6, 7], np.int32)
CONV = conv_model((1, 4, 4, 2), WEIGHTS, BIAS)
SAME = {
    "padding": "SAME", "stride_h": 1, "stride_w": 1, "dilation_h_factor": 1,
    "dilation_w_factor": 1,
}  # fmt: skip
INPUTS = np.random.default_rng(6).integers(-128, 128, (4, 32), dtype=np.int8)


@pytest.fixture
def conv(tmp_path: Path) -> Path:
    path = tmp_path / "conv.tflite"
    path.write_bytes(CONV)
    return path


Meet = Callable[..., Session]


@pytest.fixture
def meet(conv: Path) -> Iterator[Meet]:
    """A session with an agent of these options; of a convolution if no model is named."""

    def met(*words: str) -> Session:
        model = () if "--model" in words else ("--model", str(conv))
        return session_with(agent_with(*model, *words))

    yield met


def expected(model: bytes, tensor: NDArray[np.int8]) -> bytes:
    return ReferenceEngine(parse_model(model, "m")).run(tensor).tobytes()


def test_reference_kernels_give_the_hosts_bytes(meet: Meet) -> None:
    with meet() as session:
        hello = session.hello()
        assert (hello.agent, hello.count_unit, hello.delegate) == ("process", "nanoseconds", "")
        assert hello.board.startswith(ANY_LINUX)
        assert hello.runtime.startswith("ai_edge_litert ")
        assert hello.model_sha256 == parse_model(CONV, "m").sha256
        assert hello.runtime_error == ""
        following = [*INPUTS[1:], None]
        for number, (tensor, ahead) in enumerate(zip(INPUTS, following, strict=True)):
            found = session.infer(number, tensor, ahead)
            assert found.output.tobytes() == expected(CONV, tensor)
            assert found.cycles and found.attempts == 1


def test_warm_up_is_told_apart(conv: Path) -> None:
    said: list[DeviceLog] = []
    agent = agent_with("--model", str(conv), "--warm-up", "3")
    with session_with(agent) as session:
        session._channel._on_log = said.append
        assert engine_of(session).warm_up_count == 0
        session.infer(0, INPUTS[0])
        session.infer(1, INPUTS[1])
        facts = engine_of(session)
    assert facts.warm_up_count == 3 and facts.warm_up_ns > 0
    assert [line.text.split(":")[0] for line in said] == ["warm-up of 3"]


def test_ends_of_other_types_are_seen_as_int8(meet: Meet, tmp_path: Path) -> None:
    """Float and UINT8 ends around an INT8 body, as converters make them."""
    for kind, scale, zero_point in (("float32", None, 0), ("uint8", 0.05, 128)):
        wide = None if scale is None else 0.1
        tensors = [
            T("given", (1, 4, 4, 2), kind, scale=scale, zero_point=zero_point),
            T("image", (1, 4, 4, 2), scale=0.05),
            T("w", (3, 2, 2, 2), scale=[0.01] * 3, data=WEIGHTS),
            T("b", (3,), "int32", scale=[0.0005] * 3, data=np.zeros(3, np.int32)),
            T("conv", (1, 4, 4, 3), scale=0.1),
            T("answer", (1, 4, 4, 3), kind, scale=wide, zero_point=zero_point),
        ]
        ops = [
            O("QUANTIZE", (0,), (1,)),
            O("CONV_2D", (1, 2, 3), (4,), SAME),
            O("DEQUANTIZE" if scale is None else "QUANTIZE", (4,), (5,)),
        ]
        raw = build_model(tensors, ops, [0], [5])
        path = tmp_path / f"{kind}.tflite"
        path.write_bytes(raw)
        with meet("--model", str(path)) as session:
            hello = session.hello()
            assert hello.runtime_error == ""
            assert (hello.input.dtype, hello.input.bytes) == ("int8", 32)
            assert hello.output.scale == pytest.approx(0.1)
            assert hello.output.zero_point == 0
            for number, tensor in enumerate(INPUTS):
                assert session.infer(number, tensor).output.tobytes() == expected(raw, tensor)


@pytest.mark.parametrize("lead", [(), (1,)])
def test_channels_are_where_the_file_wants_them(
    meet: Meet, tmp_path: Path, lead: tuple[int, ...]
) -> None:
    """A file that turns its input first: the host has the channels last, the agent runs it all."""
    tensors = [
        T("image", (1, 2, 4, 4), scale=0.05),
        T("turn", (4,), "int32", data=np.array([0, 2, 3, 1], np.int32)),
        T("turned", (1, 4, 4, 2), scale=0.05),
        T("w", (3, 2, 2, 2), scale=[0.01] * 3, data=WEIGHTS),
        T("b", (3,), "int32", scale=[0.0005] * 3, data=BIAS),
        T("conv", (1, 4, 4, 3), scale=0.1),
    ]
    ops = [O("TRANSPOSE", (0, 1), (2,)), O("CONV_2D", (2, 3, 4), (5,), SAME)]
    raw = build_model(tensors, ops, [0], [5])
    path = tmp_path / "turned.tflite"
    path.write_bytes(raw)
    with meet("--model", str(path)) as session:
        assert session.hello().input.shape == (1, 2, 4, 4)
        for number, tensor in enumerate(INPUTS.reshape(-1, *lead, 4, 4, 2)):
            assert session.infer(number, tensor).output.tobytes() == expected(raw, tensor)


def test_reference_kernels_that_round_otherwise_say_so(meet: Meet, tmp_path: Path) -> None:
    """A FULLY_CONNECTED is rounded once by TFLite and twice by TFLM."""
    path = tmp_path / "small.tflite"
    path.write_bytes(small_net())
    with meet("--model", str(path), "--delegate", "none") as session:
        assert session.hello().delegate == "reference"
        engine = LitertEngine(parse_model(small_net(), "m"))
        for number, tensor in enumerate(INPUTS):
            assert np.array_equal(session.infer(number, tensor).output, engine.run(tensor))


def test_all_tensors_can_be_read() -> None:
    path = resolve_model("signs").path
    engine = ReferenceEngine(load_model(path))
    tensor = np.random.default_rng(0).integers(-128, 128, 49152, dtype=np.int8)
    with session_with(agent_with("--model", str(path))) as session:
        profile, outputs = outputs_inside(session, 0, tensor)
    ops = engine.run_ops(tensor)
    assert outputs.keys() == ops.keys()
    assert all(outputs[op].tobytes() == ops[op].tobytes() for op in ops)
    assert all(record.cycles is None for record in profile.records)
    assert profile.inference.output.tobytes() == engine.run(tensor).tobytes()


def test_cpu_and_delegate_in_one_session(meet: Meet, tmp_path: Path) -> None:
    spoken = f"{wrong_delegate(tmp_path)},op=0,by=3,cpu=none"
    with meet("--delegate", "none", "--delegate", spoken) as session:
        right = session.infer(0, INPUTS[0]).output
        facts = choose_engine(session, spoken)
        assert (facts.ready, facts.delegate, facts.op_count, facts.delegated) == (
            True, "wrong", 1, 1,
        )  # fmt: skip
        assert facts.library.endswith("libwrong_delegate.so")
        assert session.hello().delegate == "wrong"
        wrong = session.infer(1, INPUTS[0]).output
        assert np.array_equal(wrong, np.clip(right.astype(np.int16) + 3, -128, 127))
        assert choose_engine(session, "reference").delegate == ""
        assert choose_engine(session, "wrong").library == facts.library
        assert choose_engine(session, "none").delegate == ""
        assert np.array_equal(session.infer(2, INPUTS[0]).output, right)
        assert choose_engine(session, "xnnpack").delegate in ("xnnpack", "builtin")
        assert choose_engine(session, "builtin").delegate == "builtin"


@pytest.mark.parametrize("how", ["missing", "load", "invoke"])
def test_a_delegate_that_fails_is_no_crash(meet: Meet, tmp_path: Path, how: str) -> None:
    library = wrong_delegate(tmp_path)
    spoken = "/no/such/libnpu.so" if how == "missing" else f"{library},op=0,fail={how}"
    with meet("--delegate", spoken) as session:
        if how == "invoke":
            with pytest.raises(FirmwareError, match=r"fire|failed|invoke"):
                session.infer(0, INPUTS[0])
        else:
            error = session.hello().runtime_error
            assert "there is no NPU here" in error or "/no/such/libnpu.so" in error
            with pytest.raises(FirmwareError):
                session.infer(0, np.zeros(0, np.int8))
            facts = engine_of(session)
            assert not facts.ready and facts.error == error
        assert choose_engine(session, "none").ready
        assert session.infer(1, INPUTS[0]).output.tobytes() == expected(CONV, INPUTS[0])


def test_a_profile_of_a_delegate_is_compared_and_not_judged(meet: Meet, tmp_path: Path) -> None:
    spoken = f"{wrong_delegate(tmp_path)},op=0,by=3,cpu=none"
    engine = ReferenceEngine(parse_model(CONV, "m"))
    with meet("--delegate", spoken) as session:
        wrong = profile_model(session, engine.program.model, INPUTS[0], engine)
        choose_engine(session, "none")
        right = profile_model(session, engine.program.model, INPUTS[0], engine)
    assert wrong.first_wrong is not None and wrong.accepted
    assert "op 0 CONV_2D is the first whose output differs; wrong has another" in wrong.verdict
    assert right.passed and right.first_wrong is None


def test_only_what_was_named_is_loaded(meet: Meet) -> None:
    with meet() as session, pytest.raises(UsageError, match=r"no engine '/tmp/evil\.so'"):
        choose_engine(session, "/tmp/evil.so")
    agent = agent_with()
    answer = asked(agent, messages.SelectEngine(7, b"/tmp/evil.so"))
    assert isinstance(answer, messages.Error) and answer.error == ErrorCode.BAD_RANGE


def test_models_are_sent_and_the_own_one_comes_back(meet: Meet) -> None:
    signs = load_model(resolve_model("signs").path)
    front = cut_after(signs, 1).model
    tensor = np.random.default_rng(1).integers(-128, 128, 49152, dtype=np.int8)
    with meet() as session:
        session.upload(front.raw)
        found = session.infer(0, tensor).output
        assert found.tobytes() == ReferenceEngine(signs).run_ops(tensor)[1].tobytes()
        assert session.hello().model_sha256 == front.sha256
        assert session.reset(own_model=True).model_sha256 == parse_model(CONV, "m").sha256
        assert session.infer(1, INPUTS[0]).output.tobytes() == expected(CONV, INPUTS[0])


def test_a_model_that_is_none_is_refused(meet: Meet) -> None:
    with meet("--max-model", "1") as session:
        with pytest.raises(ModelRefusedError, match="not a valid Flatbuffer"):
            session.upload(b"TFL3" * 100)
        with pytest.raises(FitError, match="has room for 1,048,576"):
            session.upload(bytes(2 << 20))
        session.upload(CONV)
        assert session.infer(0, INPUTS[0]).output.tobytes() == expected(CONV, INPUTS[0])


def test_a_model_that_crashes_tflite_is_refused(
    meet: Meet, monkeypatch: pytest.MonkeyPatch
) -> None:
    module = agent_module()
    engine = module.Engine

    def crashing(runtime: Any, model: bytes, *more: Any, **options: Any) -> Any:
        if model.startswith(b"crash"):
            os.abort()  # in the process that tries the model
        return engine(runtime, model, *more, **options)

    monkeypatch.setattr(module, "Engine", crashing)
    with meet() as session, pytest.raises(ModelRefusedError, match="crashes on this model"):
        session.upload(b"crash")


def test_a_compiled_file_runs_for_its_delegate(meet: Meet, conv: Path, tmp_path: Path) -> None:
    other = conv_model((1, 4, 4, 2), WEIGHTS[::-1].copy(), BIAS)
    compiled = tmp_path / "compiled.tflite"
    compiled.write_bytes(other)
    spoken = f"{wrong_delegate(tmp_path)},op=0,by=0,cpu=none"
    options = ("--delegate", spoken, "--compiled", f"wrong={compiled}")
    with meet(*options) as session:
        hello, facts = session.hello(), engine_of(session)
        assert hello.model_sha256 == parse_model(CONV, "m").sha256
        assert facts.sha256 == parse_model(other, "m").sha256
        assert facts.sha256[:8] in hello.runtime
        assert session.infer(0, INPUTS[0]).output.tobytes() == expected(other, INPUTS[0])
        records = session.profile(1, INPUTS[0]).records
        assert [(record.first_op, record.last_op) for record in records] == [(0, 0)]
        choose_engine(session, "none")
        assert session.infer(2, INPUTS[0]).output.tobytes() == expected(CONV, INPUTS[0])
        choose_engine(session, spoken)
        conv.unlink()
        with pytest.raises(FirmwareError, match="No such file"):
            session.profile(3, INPUTS[0])
        assert session.infer(4, INPUTS[0]).output.tobytes() == expected(other, INPUTS[0])


def test_no_model_and_no_tflite_are_told(meet: Meet) -> None:
    for words, error in (
        (("--model", "/no/such/model.tflite"), "/no/such/model.tflite"),
        (("--runtime", "no_such_runtime"), "no TFLite for Python here"),
    ):
        with meet(*words) as session:
            assert error in session.hello().runtime_error
            assert session.hello().model_bytes == 0


def asked(agent: Any, message: messages.Message) -> messages.Message | None:
    """The agent's answer."""
    port = AgentPort(agent)
    port.read(1 << 20)
    port.write(encode_frame(Frame(message.code, 0, 1, pack(message))))
    frames = FrameReader().feed(port.read(1 << 20))
    return unpack(MESSAGES[frames[-1].type], frames[-1].payload) if frames else None


@pytest.fixture(scope="module")
def hardy(tmp_path_factory: pytest.TempPathFactory) -> AgentPort:
    path = tmp_path_factory.mktemp("hardy") / "conv.tflite"
    path.write_bytes(CONV)
    return AgentPort(agent_with("--model", str(path)))


REQUESTS = [
    code
    for code, kind in MESSAGES.items()
    if kind.sender is messages.Sender.HOST and code not in (messages.Reset.code,)
]


@settings(max_examples=examples(200))
@given(st.sampled_from([*REQUESTS, 0, 0x7F, 0xFF]), st.integers(0, 3), st.binary(max_size=80))
def test_no_request_ends_the_agent(hardy: AgentPort, code: int, flags: int, payload: bytes) -> None:
    hardy.write(encode_frame(Frame(code, flags, 9, payload)))
    frames = FrameReader().feed(hardy.read(1 << 20))
    assert frames and all(frame.seq == 9 for frame in frames if frame.type < messages.Log.code)
    for frame in frames:
        unpack(MESSAGES[frame.type], frame.payload)


def test_requests_that_are_too_short_are_refused(hardy: AgentPort) -> None:
    for code in REQUESTS:
        hardy.write(encode_frame(Frame(code, 0, 9, b"")))
        (frame,) = FrameReader().feed(hardy.read(1 << 20))
        answer = unpack(messages.Error, frame.payload)
        assert (frame.type, answer.request) == (messages.Error.code, code)
        assert answer.error == ErrorCode.BAD_REQUEST


def test_damaged_frames_are_dropped_and_counted(meet: Meet) -> None:
    with meet() as session:
        port = session._channel._port
        port.write(b"\0garbage\0" + b"\x05" * 2400 + b"\0")
        assert session.ping().bad_frames == 2
        assert session.infer(0, INPUTS[0]).output.tobytes() == expected(CONV, INPUTS[0])


@pytest.mark.slow
def test_a_port_of_the_loopback_and_a_terminal(conv: Path) -> None:
    with listening_agent("--model", str(conv)) as port:
        assert port.startswith("socket://127.0.0.1:")
        for _ in range(2):  # one connection after the other
            with Session.open(port) as session:
                session.upload(cut_after(parse_model(CONV, "m"), 0).model.raw)
            with Session.open(port) as session:
                assert session.hello().model_sha256 == parse_model(CONV, "m").sha256
                assert session.infer(0, INPUTS[0]).output.tobytes() == expected(CONV, INPUTS[0])
    with agent_on_pty("--model", str(conv)) as port, Session.open(port) as session:
        assert session.infer(0, INPUTS[0]).output.tobytes() == expected(CONV, INPUTS[0])
