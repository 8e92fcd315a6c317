#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
# Copyright (c) 2026 The mcuzoo authors
"""Answers mcuzoo's host on a Linux board: runs its model on TFLite's kernels or on a delegate.

It is one file for Python 3.8 or newer, and needs numpy and one of tflite_runtime, ai_edge_litert
and tensorflow. It speaks the protocol of mcuzoo's docs/protocol.md over stdin and stdout (--stdio,
as ssh starts it), over a TCP port of this machine alone (--listen), or over a serial line (--tty).
It opens no port by itself. What a host sends is never executed: models are data, and no library is
loaded that was not named on the command line.
"""

from __future__ import annotations

import argparse
import faulthandler
import hashlib
import importlib
import os
import platform
import signal
import socket
import struct
import sys
import time
import warnings
import zlib
from functools import partial
from pathlib import Path
from typing import Any, Callable, NamedTuple, Sequence

PROTOCOL_VERSION = 1
MAX_CHUNK = 1024
MAX_PAYLOAD = MAX_CHUNK + 8
MAX_TEXT = 112
WINDOW = 16
RECORD = struct.Struct("<HHIII")
MOST_RECORDS = MAX_CHUNK // RECORD.size

# Messages: their codes and what is in them (link/messages.py of mcuzoo).
HELLO, INPUT_BEGIN, INPUT_DATA, INVOKE, READ_OUTPUT, PING, RESET = range(0x01, 0x08)
PROFILE, READ_PROFILE, MODEL_BEGIN, MODEL_DATA, MODEL_COMMIT, MEASURE_ARENA = range(0x08, 0x0E)
SELECT_ENGINE, READ_TENSOR = 0x10, 0x11
HELLO_REPLY, ACK, RESULT, OUTPUT_DATA, PONG, ERROR = range(0x81, 0x87)
PROFILE_DATA, MODEL_ACK, ARENA_REPORT = 0x87, 0x88, 0x89
ENGINE, TENSOR_DATA, LOG, BOOT = 0x8C, 0x8D, 0x90, 0x91
GAP, AHEAD = 0x01, 0x02
FEATURES = 0x04 | 0x08 | 0x10  # AHEAD, ENGINES, TENSORS
PROCESS, NANOSECONDS = 3, 3
INFO = 1

(
    BAD_REQUEST,
    BAD_SIZE,
    BAD_RANGE,
    NO_SUCH_IMAGE,
    INCOMPLETE,
    INPUT_CRC,
    NOT_READY,
    INVOKE_FAILED,
    _NO_UPLOAD,
    NO_SUCH_UPLOAD,
    MODEL_TOO_LARGE,
    MODEL_SHA256,
    MODEL_REFUSED,
) = range(1, 14)

RUNTIMES = ("tflite_runtime.interpreter", "ai_edge_litert.interpreter", "tensorflow.lite")
KERNELS = {
    "none": "BUILTIN_REF",
    "builtin": "BUILTIN_WITHOUT_DEFAULT_DELEGATES",
    "xnnpack": "AUTO",
}
DELEGATES = {"ethosu": "/usr/lib/libethosu_delegate.so", "vx": "/usr/lib/libvx_delegate.so"}
"""Where NXP's BSPs have them."""
BOARDS = {"fsl,imx93": "imx93", "fsl,imx8mp": "imx8mp"}
"""The chip in /proc/device-tree/compatible."""
DTYPES = {"float32": 0, "uint8": 3, "int8": 9}
CHECK_S = 60
"""How long a model that arrived may take in the process that tries it."""


# ------------------------------------------------------------------------------------- frames


class Frame(NamedTuple):
    """kind: the code of its message. seq: its number."""

    kind: int
    flags: int
    seq: int
    payload: bytes


HEADER = struct.Struct("<BBHH")
MAX_BODY = HEADER.size + MAX_PAYLOAD + 4
MAX_ENCODED = MAX_BODY + MAX_BODY // 254 + 1


def cobs_encode(data: bytes) -> bytes:
    """`data` without any 0x00."""
    encoded = bytearray()
    runs = data.split(b"\0")
    for number, run in enumerate(runs):
        start = 0
        while len(run) - start >= 254:
            encoded += b"\xff" + run[start : start + 254]
            start += 254
        # Nothing follows a full block that ends the data.
        if start == 0 or start < len(run) or number < len(runs) - 1:
            encoded.append(len(run) - start + 1)
            encoded += run[start:]
    return bytes(encoded)


def cobs_decode(encoded: bytes) -> bytes:
    """What cobs_encode made. Raises ValueError for anything else."""
    data = bytearray()
    position = 0
    while position < len(encoded):
        code = encoded[position]
        end = position + code
        if code == 0 or end > len(encoded):
            raise ValueError("no COBS")
        block = encoded[position + 1 : end]
        if b"\0" in block:
            raise ValueError("no COBS")
        data += block
        position = end
        if code != 0xFF and position < len(encoded):
            data.append(0)
    return bytes(data)


def encode_frame(frame: Frame) -> bytes:
    """The frame as it goes over the line."""
    body = HEADER.pack(frame.kind, frame.flags, frame.seq, len(frame.payload)) + frame.payload
    return b"\0" + cobs_encode(body + struct.pack("<I", zlib.crc32(body))) + b"\0"


class FrameReader:
    """Finds the good frames in what arrives, and counts the others. Holds one frame at most."""

    def __init__(self) -> None:
        self.good = 0
        self.bad = 0
        self._run = bytearray()

    def feed(self, received: bytes) -> list[Frame]:
        frames = []
        pieces = received.split(b"\0")
        for number, piece in enumerate(pieces):
            self._run += piece[: MAX_ENCODED + 1 - len(self._run)]
            if number == len(pieces) - 1 or not self._run:
                continue
            frame = self._decode(bytes(self._run))
            self._run.clear()
            if frame is None:
                self.bad += 1
            else:
                self.good += 1
                frames.append(frame)
        return frames

    @staticmethod
    def _decode(run: bytes) -> Frame | None:
        try:
            body = cobs_decode(run)
        except ValueError:
            return None
        if not HEADER.size + 4 <= len(body) <= MAX_BODY:
            return None
        kind, flags, seq, length = HEADER.unpack_from(body)
        payload = body[HEADER.size : -4]
        if length != len(payload) or struct.pack("<I", zlib.crc32(body[:-4])) != body[-4:]:
            return None
        return Frame(kind, flags, seq, payload)


def text(words: str) -> bytes:
    """A text as messages have it: on one line, cut where it is too long."""
    raw = " ".join(words.split()).encode("utf-8", "replace")[:MAX_TEXT]
    return bytes([len(raw)]) + raw


# ------------------------------------------------------------------------------------ engines


class EngineError(Exception):
    """Why a model cannot run, in words for the host."""


def in_words(error: Exception) -> str:
    return str(error).strip().rstrip(".") or type(error).__name__


class Delegate(NamedTuple):
    """An engine as it is named. spoken: the whole name. name: as HELLO says it. library: "" for
    TFLite's own kernels. options: of the library. kernels: for what the delegate leaves over."""

    spoken: str
    name: str
    library: str
    options: dict[str, str]
    kernels: str


def parse_delegate(spoken: str) -> Delegate:
    """`none`, `builtin`, `xnnpack`, `ethosu`, `vx` or a path, then `,key=value` for each option of
    the library. `cpu=KERNELS` says who computes what the delegate leaves over. Raises ValueError.

    With ethosu these are the reference kernels, for its results are to be TFLite-Micro's bytes.
    """
    head, *rest = spoken.split(",")
    options = {}
    for option in rest:
        key, equals, value = option.partition("=")
        if not key or not equals:
            raise ValueError(f"{spoken!r}: an option is key=value")
        options[key] = value
    if head in KERNELS:
        if options:
            raise ValueError(f"{spoken!r}: {head} has no options")
        return Delegate(spoken, head, "", {}, head)
    library = DELEGATES.get(head, head)
    if not library:
        raise ValueError("a delegate without a name")
    kernels = options.pop("cpu", "none" if head == "ethosu" else "xnnpack")
    if kernels not in KERNELS:
        raise ValueError("{!r}: cpu is one of {}".format(spoken, ", ".join(KERNELS)))
    stem = Path(library).name.split(".")[0]
    stem = stem[3:] if stem.startswith("lib") else stem
    name = head if head in DELEGATES else (stem.replace("_delegate", "") or stem)
    return Delegate(spoken, name, library, options, kernels)


class Runtime:
    """TFLite in Python: the module that is there, and its version."""

    def __init__(self, wanted: str = "") -> None:
        """Raises EngineError where there is none."""
        failures = []
        for name in (wanted,) if wanted else RUNTIMES:
            try:
                self.module: Any = importlib.import_module(name)
                self.numpy: Any = importlib.import_module("numpy")
            except Exception as error:  # a broken installation raises whatever it likes
                failures.append(f"{name}: {error}")
                continue
            self.name = "{} {}".format(name.split(".")[0], self._version(name.split(".")[0]))
            return
        raise EngineError("no TFLite for Python here: " + "; ".join(failures))

    def _version(self, package: str) -> str:
        version = getattr(sys.modules.get(package), "__version__", "")
        if version:
            return str(version)
        from importlib.metadata import PackageNotFoundError
        from importlib.metadata import version as installed

        try:
            return installed(package)
        except PackageNotFoundError:
            return "of unknown version"

    def resolver(self, kernels: str) -> Any:
        """The number of these kernels. Raises EngineError where this runtime has no such choice."""
        kinds = getattr(self.module, "OpResolverType", None)
        if kinds is None:
            kinds = getattr(getattr(self.module, "experimental", None), "OpResolverType", None)
        found = getattr(kinds, KERNELS[kernels], None)
        if found is None:
            raise EngineError(f"{self.name} cannot choose the kernels {kernels}")
        return found

    def load(self, delegate: Delegate) -> Any:
        loader = getattr(self.module, "load_delegate", None)
        if loader is None:
            loader = self.module.experimental.load_delegate
        try:
            return loader(delegate.library, delegate.options)
        except Exception as error:  # whatever the library's own code makes of it
            words = (str(error).strip().splitlines() or [type(error).__name__])[-1]
            raise EngineError(f"{Path(delegate.library).name} does not load: {words}") from error


class End(NamedTuple):
    """A tensor at an end of the model, and how the host sees it: int8 of this scale and zero point.
    tensor: its number. kind: the numpy name of its own type."""

    tensor: int
    name: str
    shape: tuple[int, ...]
    kind: str
    scale: float
    zero_point: int
    bytes: int


class Engine:
    """A model, set up. Raises EngineError where TFLite, the delegate or the model refuses.

    keep: every tensor stays readable after an inference, which costs memory and may keep a delegate
    from joining operators.
    """

    def __init__(
        self, runtime: Runtime, model: bytes, delegate: Delegate, threads: int, keep: bool = False
    ) -> None:
        self.runtime = runtime
        self.delegate = delegate
        self.sha256 = hashlib.sha256(model).hexdigest()
        self.warm_up_count = 0
        self.warm_up_ns = 0
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                self._set_up(model, threads, keep)
        except EngineError:
            raise
        except Exception as error:  # TFLite and delegates raise whatever they like
            raise EngineError(in_words(error)) from error

    def _set_up(self, model: bytes, threads: int, keep: bool) -> None:
        options: dict[str, Any] = {
            "model_content": model,
            "num_threads": threads,
            "experimental_op_resolver_type": self.runtime.resolver(self.delegate.kernels),
        }
        if keep:
            options["experimental_preserve_all_tensors"] = True
        if self.delegate.library:
            if not Path(self.delegate.library).is_file():
                raise EngineError(f"there is no library {self.delegate.library}")
            self._library = self.runtime.load(self.delegate)
            options["experimental_delegates"] = [self._library]
        self._interpreter = self.runtime.module.Interpreter(**options)
        self._interpreter.allocate_tensors()
        self._read_ops()
        self.input = self._end(self._interpreter.get_input_details(), "input", "QUANTIZE")
        self.output = self._end(self._interpreter.get_output_details(), "output", "DEQUANTIZE")

    def _read_ops(self) -> None:
        """The operators of the file, and those that stand for a delegate's part of it."""
        nodes = self._interpreter._get_ops_details()
        self.ops = [node for node in nodes if node["op_name"] != "DELEGATE"]
        self._parts = [node for node in nodes if node["op_name"] == "DELEGATE"]
        makers = {int(tensor): n for n, op in enumerate(self.ops) for tensor in op["outputs"]}
        self._taken: dict[int, bool] = {}
        """Operators that a delegate computes; True where the output can be read."""
        for part in self._parts:
            ends = {int(tensor) for tensor in part["inputs"]}
            ahead = [int(tensor) for tensor in part["outputs"]]
            for tensor in ahead:
                if tensor in makers:
                    self._taken[makers[tensor]] = True
            while ahead:
                op = makers.get(ahead.pop())
                if op is None:
                    continue
                for tensor in (int(one) for one in self.ops[op]["inputs"]):
                    maker = makers.get(tensor)
                    if tensor not in ends and maker is not None and maker not in self._taken:
                        self._taken[maker] = False
                        ahead.append(tensor)

    @property
    def delegated(self) -> int:
        return len(self._taken)

    @property
    def name(self) -> str:
        """Whose arithmetic it is; "" for that of TFLite-Micro."""
        if self.delegate.library:
            return self.delegate.name
        if self.delegate.name == "none":
            names = {op["op_name"] for op in self.ops}
            return "reference" if "FULLY_CONNECTED" in names else ""
        return "xnnpack" if self._parts else "builtin"

    def _end(self, details: Sequence[Any], what: str, conversion: str) -> End:
        """One end, as int8. A float end has the scale of the tensor behind its conversion."""
        if len(details) != 1:
            raise EngineError(f"the model has {len(details)} {what}s, one is taken")
        one = details[0]
        kind = self.runtime.numpy.dtype(one["dtype"]).name
        scale, zero_point = one["quantization"]
        if kind == "float32":
            near, far = ("inputs", "outputs") if what == "input" else ("outputs", "inputs")
            inner = [
                int(op[far][0])
                for op in self.ops
                if op["op_name"] == conversion and int(op[near][0]) == int(one["index"])
            ]
            if not inner:
                raise EngineError(f"the {what} is float32, not int8")
            behind = {int(t["index"]): t for t in self._interpreter.get_tensor_details()}[inner[0]]
            scale, zero_point = behind["quantization"]
            if self.runtime.numpy.dtype(behind["dtype"]).name == "uint8":
                zero_point -= 128
        elif kind == "uint8":
            zero_point -= 128
        elif kind != "int8":
            raise EngineError(f"the {what} is {kind}, not int8")
        shape = tuple(int(side) for side in one["shape"])
        if len(shape) > 4 or not all(0 < side < 65536 for side in shape):
            raise EngineError(f"the {what} has the shape {list(shape)}")
        count = 1
        for side in shape:
            count *= side
        return End(
            int(one["index"]), one["name"], shape, kind, float(scale), int(zero_point), count
        )

    def run(self, image: bytes, warm_up: int) -> tuple[int, bytes]:
        """int8 of the input -> nanoseconds of the inference alone, int8 of the output. The first
        image runs `warm_up` times more before it is timed. Raises EngineError."""
        try:
            self._interpreter.set_tensor(self.input.tensor, self._given(image))
            while self.warm_up_count < warm_up:
                self.warm_up_ns += self._timed()
                self.warm_up_count += 1
            took_ns = self._timed()
            return took_ns, self._answer()
        except Exception as error:
            raise EngineError(in_words(error)) from error

    def _timed(self) -> int:
        started = time.perf_counter_ns()
        self._interpreter.invoke()
        return time.perf_counter_ns() - started

    def _given(self, image: bytes) -> Any:
        np = self.runtime.numpy
        values = np.frombuffer(image, np.int8).reshape(self.input.shape)
        if self.input.kind == "uint8":
            return (values.astype(np.int16) + 128).astype(np.uint8)
        if self.input.kind == "float32":
            steps = values.astype(np.int32) - self.input.zero_point
            return steps.astype(np.float32) * np.float32(self.input.scale)
        return values

    def _answer(self) -> bytes:
        np = self.runtime.numpy
        values = self._interpreter.get_tensor(self.output.tensor)
        if self.output.kind == "float32":
            steps = np.rint(values / np.float32(self.output.scale)) + self.output.zero_point
            values = np.clip(steps, -128, 127).astype(np.int8)
        return self._int8(values)

    def _int8(self, values: Any) -> bytes:
        np = self.runtime.numpy
        if values.dtype == np.uint8:
            values = (values.astype(np.int16) - 128).astype(np.int8)
        return bytes(np.ascontiguousarray(values).tobytes())

    def tensor(self, op: int) -> bytes:
        """The output of an operator as int8; b"" if it cannot be read, or is of another type."""
        if not 0 <= op < len(self.ops) or not self._taken.get(op, True):
            return b""
        try:
            values = self._interpreter.get_tensor(int(self.ops[op]["outputs"][0]))
        except Exception:  # no data: TFLite says so by an error
            return b""
        return self._int8(values) if values.dtype.name in ("int8", "uint8") else b""

    def records(self) -> list[tuple[int, int, bytes]]:
        """First and last operator, and the output, of all that can be read."""
        found = []
        waiting: list[int] = []
        for op in range(len(self.ops)):
            if op in self._taken and not self._taken[op]:
                waiting.append(op)
                continue
            first = waiting[0] if op in self._taken and waiting else op
            if op in self._taken:
                waiting = []
            output = self.tensor(op)
            if output:
                found.append((first, op, output))
        return found


def crashes(runtime: Runtime, model: bytes) -> str:
    """How TFLite ends on this model, "" if it does not: a process of its own sets it up and runs it
    on the reference kernels, since a crash would end this one."""
    child = os.fork()
    if child == 0:
        signal.alarm(CHECK_S)
        faulthandler.disable()
        try:
            engine = Engine(runtime, model, parse_delegate("none"), 1)
            engine.run(bytes(engine.input.bytes), 0)
        except EngineError:
            pass  # the same words come again
        finally:
            os._exit(0)
    _, status = os.waitpid(child, 0)
    if not os.WIFSIGNALED(status):
        return ""
    if os.WTERMSIG(status) == signal.SIGALRM:
        return f"TFLite is not done with this model within {CHECK_S} s"
    return f"TFLite crashes on this model (signal {os.WTERMSIG(status)})"


# -------------------------------------------------------------------------------------- agent


class Refused(Exception):
    """An ERROR for the request."""

    def __init__(self, code: int, words: str) -> None:
        super().__init__(words)
        self.code = code


class Image:
    """An input under way, then its result. profiled: the first record that was asked for."""

    def __init__(self, number: int, size: int, crc: int) -> None:
        self.number = number
        self.size = size
        self.crc = crc
        self.data = bytearray()
        self.result: bytes | None = None
        self.failure: Refused | None = None
        self.output = b""
        self.profiled: int | None = None

    @property
    def ran(self) -> bool:
        return self.result is not None or self.failure is not None


class Upload:
    """A model under way, then in use. refused: why it cannot run."""

    def __init__(self, number: int, size: int, sha256: bytes) -> None:
        self.number = number
        self.size = size
        self.sha256 = sha256
        self.data = bytearray()
        self.ready = False
        self.refused = ""


class Settings(NamedTuple):
    """model: the file that runs. compiled: by the spoken name of a delegate, the file made for it.
    delegates: what may be selected; the first one is used at the start."""

    model: Path | None
    compiled: dict[str, Path]
    delegates: list[Delegate]
    runtime: str
    threads: int
    warm_up: int
    most_bytes: int


class Agent:
    """Answers requests; `write` takes the bytes of frames, receive_bytes is what its line keeps."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.write: Callable[[bytes], None] = lambda data: None
        self.receive_bytes = 32768
        self.reader = FrameReader()
        self.build_id = hashlib.sha256(Path(__file__).read_bytes()).hexdigest()[:32]
        self.board = board_name()
        self._seq = 0
        self._runtime: Runtime | None = None
        self._pristine = False
        self._handlers: dict[int, Callable[[Frame], None]] = {
            HELLO: self._hello,
            INPUT_BEGIN: self._input_begin,
            INPUT_DATA: self._input_data,
            INVOKE: self._invoke,
            READ_OUTPUT: self._read_output,
            PING: self._ping,
            PROFILE: self._profile,
            READ_PROFILE: self._read_profile,
            MODEL_BEGIN: self._model_begin,
            MODEL_DATA: self._model_data,
            MODEL_COMMIT: self._model_commit,
            MEASURE_ARENA: self._measure_arena,
            SELECT_ENGINE: self._select_engine,
            READ_TENSOR: self._read_tensor,
        }

    def start(self) -> None:
        """Say BOOT, and be as at the beginning: the own model on the first engine."""
        self._tell(BOOT, bytes([PROTOCOL_VERSION]))
        if self._pristine:
            return
        self.upload: Upload | None = None
        self.images: list[Image] = []
        self._selected: tuple[int, bytes] = (-1, b"")
        self._use(self.settings.delegates[0])
        self._pristine = True

    def handle(self, frame: Frame) -> None:
        if frame.kind == RESET:
            self._pristine = False
            self.start()
            return
        handler = self._handlers.get(frame.kind)
        try:
            if handler is None:
                raise Refused(BAD_REQUEST, "unknown request")
            handler(frame)
        except struct.error:
            self._refuse(frame, Refused(BAD_REQUEST, "the payload is too short"))
        except Refused as refusal:
            self._refuse(frame, refusal)

    def _refuse(self, frame: Frame, refusal: Refused) -> None:
        self._answer(frame, ERROR, bytes([refusal.code, frame.kind]) + text(str(refusal)))

    def _answer(self, frame: Frame, kind: int, payload: bytes, flags: int = 0) -> None:
        self.write(encode_frame(Frame(kind, flags, frame.seq, payload)))

    def _tell(self, kind: int, payload: bytes) -> None:
        self.write(encode_frame(Frame(kind, 0, self._seq, payload)))
        self._seq = (self._seq + 1) & 0xFFFF

    # -- the model and its engine

    def _use(self, delegate: Delegate) -> None:
        """Set the model up in an engine; `error` says why that failed."""
        self.delegate = delegate
        self.engine: Engine | None = None
        self._keeper: Engine | None = None
        self._kept = -1
        self.images = []
        self.error = ""
        self.source: tuple[int, str] = (0, "00" * 32)
        self._tensors: dict[int, bytes] = {}
        self._records: list[tuple[int, int, bytes]] = []
        try:
            if self._runtime is None:
                self._runtime = Runtime(self.settings.runtime)
            running = self._running_file(delegate)
            engine = Engine(self._runtime, running, delegate, self.settings.threads)
            if delegate.library and not engine.delegated and self.upload is None:
                raise EngineError(f"{engine.name} took none of {len(engine.ops)} operators")
            self.engine = engine
        except EngineError as error:
            self.error = str(error)

    def _running_file(self, delegate: Delegate) -> bytes:
        """The bytes for this engine; `source` becomes size and SHA-256 of the model that they
        are of."""
        if self.upload is not None:
            if not self.upload.ready:
                raise EngineError("no model: one is being sent")
            data = bytes(self.upload.data)
            self.source = (len(data), hashlib.sha256(data).hexdigest())
            return data
        if self.settings.model is None:
            raise EngineError("no model: send one")
        own = self._file(self.settings.model)
        self.source = (len(own), hashlib.sha256(own).hexdigest())
        compiled = self.settings.compiled.get(delegate.spoken)
        compiled = compiled or self.settings.compiled.get(delegate.name)
        return own if compiled is None else self._file(compiled)

    def _file(self, path: Path) -> bytes:
        try:
            with path.open("rb") as file:
                data = file.read(self.settings.most_bytes + 1)
        except OSError as error:
            raise EngineError(f"{path}: {error.strerror}") from error
        if len(data) > self.settings.most_bytes:
            raise EngineError(f"{path} has more than {self.settings.most_bytes} bytes")
        return data

    def _ready(self) -> Engine:
        if self.engine is None:
            raise Refused(NOT_READY, self.error)
        return self.engine

    def _hello(self, frame: Frame) -> None:
        _, nonce = struct.unpack_from("<BI", frame.payload)
        engine = self.engine
        runtime = "no TFLite" if self._runtime is None else self._runtime.name
        if engine is not None and engine.sha256 != self.source[1]:
            runtime += f", compiled file {engine.sha256[:8]}"
        numpy = "none" if self._runtime is None else self._runtime.numpy.__version__
        threads = self.settings.threads
        tools = f"Python {platform.python_version()}, numpy {numpy}, {threads} thread"
        tools += "" if threads == 1 else "s"
        reply = struct.pack(
            "<BBHIIIIIH",
            PROTOCOL_VERSION,
            WINDOW,
            MAX_CHUNK,
            nonce,
            0,
            0,
            0,
            0,
            0 if engine is None else min(len(engine.ops), 0xFFFF),
        )
        reply += bytes.fromhex(self.source[1])
        reply += spec(None if engine is None else engine.input)
        reply += spec(None if engine is None else engine.output)
        for words in (self.build_id, self.board, runtime, tools, self.error):
            reply += text(words)
        reply += struct.pack(
            "<IIBBHH",
            self.settings.most_bytes,
            0 if engine is None else self.source[0],
            PROCESS,
            NANOSECONDS,
            FEATURES,
            self.receive_bytes,
        )
        delegate = self.delegate.name if engine is None else engine.name
        self._answer(frame, HELLO_REPLY, reply + text(delegate))

    def _select_engine(self, frame: Frame) -> None:
        (nonce,) = struct.unpack_from("<I", frame.payload)
        wanted = frame.payload[4:].decode("utf-8", "replace")
        offers = {one.spoken: one for one in self.settings.delegates}
        if wanted and (nonce, frame.payload) != self._selected:
            names = {one.name: one for one in reversed(self.settings.delegates)}
            chosen = offers.get(wanted, names.get("none" if wanted == "reference" else wanted))
            if chosen is None:
                raise Refused(BAD_RANGE, "not offered: {}".format(" ".join(offers)))
            self._selected = (nonce, frame.payload)
            if chosen != self.delegate or self.engine is None:
                self._pristine = False
                self._use(chosen)
        engine = self.engine
        reply = struct.pack("<IB", nonce, engine is not None)
        reply += text(self.delegate.name if engine is None else engine.name)
        reply += text(self.delegate.library)
        ops, taken = (0, 0) if engine is None else (len(engine.ops), engine.delegated)
        reply += struct.pack("<HH", min(ops, 0xFFFF), min(taken, 0xFFFF))
        reply += bytes.fromhex("00" * 32 if engine is None else engine.sha256)
        reply += struct.pack(
            "<HQ", engine.warm_up_count if engine else 0, engine.warm_up_ns if engine else 0
        )
        self._answer(frame, ENGINE, reply + text(self.error) + "\n".join(offers).encode())

    def _ping(self, frame: Frame) -> None:
        (nonce,) = struct.unpack_from("<I", frame.payload)
        good, bad = self.reader.good & 0xFFFFFFFF, self.reader.bad & 0xFFFFFFFF
        self._answer(frame, PONG, struct.pack("<IIIIII", nonce, good, bad, 0, 0, 0))

    def _measure_arena(self, frame: Frame) -> None:
        """TFLite on Linux has no arena of a fixed size: nothing is known, and none can be tried."""
        nonce, arena_bytes, _ = struct.unpack_from("<IIB", frame.payload)
        status, words = (1, "TFLite on Linux has no arena to be tried") if arena_bytes else (0, "")
        sizes = struct.pack("<IIIIIIIB", nonce, arena_bytes, 0, 0, 0, 0, 0, status)
        self._answer(frame, ARENA_REPORT, sizes + text(words))

    # -- one image

    def _held(self, number: int) -> Image:
        for image in self.images:
            if image.number == number:
                return image
        raise Refused(NO_SUCH_IMAGE, "this image is not here")

    def _newest(self, number: int) -> Image:
        if not self.images or self.images[-1].number != number:
            raise Refused(NO_SUCH_IMAGE, "this image is not here")
        return self.images[-1]

    def _input_begin(self, frame: Frame) -> None:
        number, size, crc = struct.unpack_from("<III", frame.payload)
        encoding = frame.payload[12] if len(frame.payload) > 12 else 0
        engine = self._ready()
        if encoding:
            raise Refused(BAD_REQUEST, "inputs are taken as they are")
        if size != engine.input.bytes:
            raise Refused(BAD_SIZE, f"the input has {engine.input.bytes} bytes")
        last = self.images[-1] if self.images else None
        if last is not None and (last.number, last.crc) == (number, crc):
            self._ack(frame, last)
            return
        if last is not None and frame.flags & AHEAD and len(last.data) == last.size:
            self._run(last)
        image = Image(number, size, crc)
        self.images = [one for one in self.images[-1:] if one.ran] + [image]
        self._ack(frame, image)

    def _ack(self, frame: Frame, image: Image, flags: int = 0) -> None:
        self._answer(frame, ACK, struct.pack("<II", image.number, len(image.data)), flags)

    def _input_data(self, frame: Frame) -> None:
        number, offset = struct.unpack_from("<II", frame.payload)
        image = self._newest(number)
        self._ack(frame, image, take(image, offset, frame.payload[8:]))

    def _run(self, image: Image) -> None:
        """Run it, once. A damaged input is forgotten: raises Refused."""
        if image.ran:
            return
        if zlib.crc32(image.data) != image.crc:
            self.images.remove(image)
            raise Refused(INPUT_CRC, "the input has another CRC")
        engine = self._ready()
        was_warm = engine.warm_up_count
        try:
            took_ns, image.output = engine.run(bytes(image.data), self.settings.warm_up)
        except EngineError as error:
            image.failure = Refused(INVOKE_FAILED, str(error))
            return
        image.result = struct.pack(
            "<IIQII", image.number, image.crc, took_ns, len(image.output), zlib.crc32(image.output)
        )
        if engine.warm_up_count > was_warm:
            words = f"warm-up of {engine.warm_up_count}: {engine.warm_up_ns / 1e6:.3f} ms"
            self._tell(LOG, bytes([INFO]) + text(words))

    def _whole(self, number: int, crc: int) -> Image:
        image = self._newest(number)
        if len(image.data) < image.size:
            raise Refused(INCOMPLETE, f"{len(image.data)} of {image.size} bytes")
        if image.crc != crc:
            self.images.remove(image)
            raise Refused(INPUT_CRC, "the input was announced with another CRC")
        return image

    def _give_result(self, frame: Frame, image: Image) -> None:
        if image.failure is not None:
            raise image.failure
        assert image.result is not None
        self._answer(frame, RESULT, image.result)

    def _invoke(self, frame: Frame) -> None:
        number, crc = struct.unpack_from("<II", frame.payload)
        image = self._held(number)
        if not image.ran:
            self._run(self._whole(number, crc))
        self._give_result(frame, image)

    def _read_output(self, frame: Frame) -> None:
        number, offset, length = struct.unpack_from("<IIH", frame.payload)
        image = self._held(number)
        if image.result is None:
            raise Refused(NO_SUCH_IMAGE, "this image has no output")
        piece = part_of(image.output, offset, length)
        self._answer(frame, OUTPUT_DATA, struct.pack("<II", number, offset) + piece)

    # -- layers

    def _profile(self, frame: Frame) -> None:
        number, crc, first = struct.unpack_from("<IIH", frame.payload)
        image = self._held(number)
        if image.ran and image.profiled != first:
            raise Refused(NO_SUCH_IMAGE, "this image has run already")
        if not image.ran:
            image = self._whole(number, crc)
            self._run(image)
            image.profiled = first
            if image.result is not None:
                self._look_inside(image)
        self._give_result(frame, image)

    def _look_inside(self, image: Image) -> None:
        """Run it again where every tensor stays, and keep what each operator gives."""
        engine = self._ready()
        assert self._runtime is not None
        try:
            if engine.sha256 != self.source[1]:
                # Operators of a compiled file are not the model's: one record, the last output.
                assert self.settings.model is not None
                own = self._file(self.settings.model)
                whole = Engine(self._runtime, own, parse_delegate("none"), 1)
                last = max(n for n, op in enumerate(whole.ops) if op["op_name"] != "DEQUANTIZE")
                self._records = [(0, last, image.output)]
            else:
                if self._keeper is None:
                    delegate, threads = engine.delegate, self.settings.threads
                    running = self._running_file(delegate)
                    self._keeper = Engine(self._runtime, running, delegate, threads, keep=True)
                self._keeper.run(bytes(image.data), 0)
                self._records = self._keeper.records()
        except EngineError as error:
            raise Refused(INVOKE_FAILED, str(error)) from error
        self._tensors = {last: output for _, last, output in self._records}
        self._kept = image.number

    def _inside(self, number: int) -> Image:
        image = self._newest(number)
        if image.profiled is None or self._kept != number:
            raise Refused(NO_SUCH_IMAGE, "this image has no profile")
        return image

    def _read_profile(self, frame: Frame) -> None:
        (number,) = struct.unpack_from("<I", frame.payload)
        first = self._inside(number).profiled or 0
        some = self._records[first : first + MOST_RECORDS]
        packed = b"".join(
            RECORD.pack(start, end, 0, len(output), zlib.crc32(output))
            for start, end, output in some
        )
        head = struct.pack("<IHH", number, len(self._records), first)
        self._answer(frame, PROFILE_DATA, head + packed)

    def _read_tensor(self, frame: Frame) -> None:
        nonce, op, offset, length = struct.unpack_from("<IHIH", frame.payload)
        if op not in self._tensors:
            raise Refused(BAD_RANGE, f"the output of operator {op} cannot be read")
        piece = part_of(self._tensors[op], offset, length)
        self._answer(frame, TENSOR_DATA, struct.pack("<II", nonce, offset) + piece)

    # -- a model that is sent

    def _model_begin(self, frame: Frame) -> None:
        number, size = struct.unpack_from("<II", frame.payload)
        sha256 = frame.payload[8:40]
        if len(sha256) < 32:
            raise struct.error
        if size == 0:
            raise Refused(BAD_SIZE, "a model has no bytes")
        if size > self.settings.most_bytes:
            raise Refused(MODEL_TOO_LARGE, f"{size} bytes, {self.settings.most_bytes} at most")
        upload = self.upload
        if upload is not None and (upload.size, upload.sha256) == (size, sha256):
            upload.number = number
        else:
            self._pristine = False
            self.upload = upload = Upload(number, size, sha256)
            self._use(self.delegate)
        self._model_ack(frame, upload)

    def _model_ack(self, frame: Frame, upload: Upload, flags: int = 0) -> None:
        ack = struct.pack("<IIB", upload.number, len(upload.data), upload.ready)
        self._answer(frame, MODEL_ACK, ack, flags)

    def _uploaded(self, number: int) -> Upload:
        if self.upload is None or self.upload.number != number:
            raise Refused(NO_SUCH_UPLOAD, "this model is not here")
        return self.upload

    def _model_data(self, frame: Frame) -> None:
        number, offset = struct.unpack_from("<II", frame.payload)
        upload = self._uploaded(number)
        self._model_ack(frame, upload, take(upload, offset, frame.payload[8:]))

    def _model_commit(self, frame: Frame) -> None:
        (number,) = struct.unpack_from("<I", frame.payload)
        upload = self._uploaded(number)
        if len(upload.data) < upload.size:
            raise Refused(INCOMPLETE, f"{len(upload.data)} of {upload.size} bytes")
        if hashlib.sha256(upload.data).digest() != upload.sha256:
            self.upload = None
            self._use(self.delegate)
            raise Refused(MODEL_SHA256, "the model has another SHA-256")
        if not upload.ready and not upload.refused:
            if self._runtime is not None:
                upload.refused = crashes(self._runtime, bytes(upload.data))
            if not upload.refused:
                upload.ready = True
                self._use(self.delegate)
                upload.refused = self.error
                upload.ready = self.engine is not None
            else:
                self.error = upload.refused
        if upload.refused:
            raise Refused(MODEL_REFUSED, upload.refused)
        self._model_ack(frame, upload)


def take(held: Any, offset: int, piece: bytes) -> int:
    """Add a piece of an input or a model, if it is the next one; the flags of its ACK."""
    there = len(held.data)
    if offset > there:
        return GAP
    if offset == there:
        if offset + len(piece) > held.size:
            raise Refused(BAD_RANGE, f"{held.size} bytes in all")
        held.data += piece
    return 0


def part_of(data: bytes, offset: int, length: int) -> bytes:
    if length > MAX_CHUNK or offset + length > len(data):
        raise Refused(BAD_RANGE, f"{len(data)} bytes in all")
    return data[offset : offset + length]


def spec(end: End | None) -> bytes:
    """A tensor as HELLO_REPLY has it: as the host sees it."""
    if end is None:
        return struct.pack("<BB4HfiI", DTYPES["int8"], 0, 0, 0, 0, 0, 0.0, 0, 0) + text("")
    sides = end.shape + (0,) * (4 - len(end.shape))
    head = struct.pack(
        "<BB4HfiI", DTYPES["int8"], len(end.shape), *sides, end.scale, end.zero_point, end.bytes
    )
    return head + text(end.name)


def board_name() -> str:
    """The board's id by its device tree; "linux-" and the machine for any other computer."""
    try:
        chips = Path("/proc/device-tree/compatible").read_bytes().decode("ascii", "replace")
    except OSError:
        chips = ""
    for chip in chips.split("\0"):
        if chip in BOARDS:
            return BOARDS[chip]
    return "linux-" + platform.machine()


# -------------------------------------------------------------------------------------- lines


def serve(agent: Agent, read: Callable[[], bytes], write: Callable[[bytes], None]) -> None:
    """Answer until `read` gives nothing more. Raises OSError for a line that breaks."""
    agent.write = write
    agent.reader = FrameReader()
    agent.start()
    while True:
        data = read()
        if not data:
            return
        for frame in agent.reader.feed(data):
            agent.handle(frame)


def write_all(descriptor: int, data: bytes) -> None:
    while data:
        data = data[os.write(descriptor, data) :]


def over_stdio(agent: Agent) -> None:
    """stdout is the line: what delegates print there goes to stderr instead."""
    line = os.dup(1)
    os.dup2(2, 1)
    serve(agent, partial(os.read, 0, 65536), partial(write_all, line))


def over_tcp(agent: Agent, host: str, port: int) -> None:
    """One connection after the other."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as server:
        server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        server.bind((host, port))
        server.listen(1)
        at = server.getsockname()
        shown = f"[{at[0]}]" if family == socket.AF_INET6 else at[0]
        print(f"socket://{shown}:{at[1]}", flush=True)
        while True:
            connection, _ = server.accept()
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            with connection:
                try:
                    serve(agent, partial(connection.recv, 65536), connection.sendall)
                except OSError as error:
                    print(f"a connection broke: {error}", file=sys.stderr)


def over_tty(agent: Agent, device: str, baud: int) -> None:
    """A serial line, opened again when its other end goes away."""
    import termios
    import tty

    rate = getattr(termios, f"B{baud}", None)
    if rate is None:
        sys.exit(f"mcuzoo_agent: {baud} is no rate of a serial line")
    agent.receive_bytes = 4095  # what the kernel keeps
    while True:
        line = os.open(device, os.O_RDWR | os.O_NOCTTY)
        try:
            tty.setraw(line)
            modes = termios.tcgetattr(line)
            modes[4] = modes[5] = rate
            modes[6][termios.VMIN], modes[6][termios.VTIME] = 1, 0
            termios.tcsetattr(line, termios.TCSANOW, modes)
            serve(agent, partial(os.read, line, 65536), partial(write_all, line))
        except (OSError, termios.error) as error:
            print(f"{device}: {error}", file=sys.stderr)
        finally:
            os.close(line)
        time.sleep(1.0)


def listening(place: str) -> tuple[str, int]:
    """PORT or HOST:PORT; a port alone is one of the loopback."""
    host, _, port = place.rpartition(":")
    if not port.isdigit() or int(port) > 65535:
        raise argparse.ArgumentTypeError(f"{place!r} is neither PORT nor HOST:PORT")
    return host.strip("[]") or "127.0.0.1", int(port)


def delegate(words: str) -> Delegate:
    try:
        return parse_delegate(words)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from error


def number(words: str) -> int:
    if not words.isdigit():
        raise argparse.ArgumentTypeError(f"{words!r} is no number")
    return int(words)


def parsed(words: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n\n")[0])
    line = parser.add_mutually_exclusive_group(required=True)
    line.add_argument("--stdio", action="store_true", help="answer over stdin and stdout")
    line.add_argument(
        "--listen",
        type=listening,
        metavar="[HOST:]PORT",
        help="answer at a TCP port, of the loopback unless HOST is given; 0: any that is free",
    )
    line.add_argument("--tty", metavar="DEVICE", help="answer at a serial line")
    parser.add_argument("--baud", type=number, default=115200, help="of --tty [115200]")
    parser.add_argument(
        "--model", type=Path, help="the .tflite file [../model/model.tflite beside this file]"
    )
    parser.add_argument(
        "--compiled",
        action="append",
        default=[],
        metavar="DELEGATE=FILE",
        help="the file for a delegate [ethosu=../model/model_vela.tflite]",
    )
    parser.add_argument(
        "--delegate",
        type=delegate,
        action="append",
        default=[],
        metavar="NAME[,KEY=VALUE]",
        help="none (reference kernels), builtin, xnnpack, ethosu, vx, or the path of a library. "
        "Several: the host may choose, the first one is used until then [none]",
    )
    parser.add_argument("--threads", type=number, default=1, help="of TFLite's kernels [1]")
    parser.add_argument(
        "--warm-up", type=number, default=1, help="inferences before the first that counts [1]"
    )
    parser.add_argument("--runtime", default="", help="module with Interpreter [the first found]")
    parser.add_argument("--max-model", type=number, default=64, help="MiB of a model [64]")
    return parser.parse_args(words)


def settings_of(options: argparse.Namespace) -> Settings:
    beside = Path(__file__).resolve().parent.parent / "model"
    model = options.model
    if model is None and (beside / "model.tflite").is_file():
        model = beside / "model.tflite"
    compiled = {}
    if options.model is None and (beside / "model_vela.tflite").is_file():
        compiled["ethosu"] = beside / "model_vela.tflite"
    for pair in options.compiled:
        name, equals, file = pair.rpartition("=")
        if not equals:
            sys.exit("mcuzoo_agent: --compiled is DELEGATE=FILE")
        compiled[name] = Path(file)
    delegates = list(options.delegate)
    known = [name for name, library in DELEGATES.items() if Path(library).exists()]
    for name in (*KERNELS, *known):
        if name not in [one.spoken for one in delegates]:
            delegates.append(parse_delegate(name))
    return Settings(
        model,
        compiled,
        delegates,
        options.runtime,
        max(1, options.threads),
        min(options.warm_up, 1000),
        options.max_model << 20,
    )


def main(words: Sequence[str] | None = None) -> int:
    options = parsed(words)
    faulthandler.enable()
    agent = Agent(settings_of(options))
    try:
        if options.stdio:
            over_stdio(agent)
        elif options.listen is not None:
            over_tcp(agent, *options.listen)
        else:
            over_tty(agent, options.tty, options.baud)
    except (BrokenPipeError, KeyboardInterrupt):
        return 0
    except OSError as error:
        print(f"mcuzoo_agent: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
