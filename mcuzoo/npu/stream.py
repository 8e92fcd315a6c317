"""The payload of an `ethos-u` op: the driver's header, then the register command stream.

The header (ethos-u-core-driver, `ethosu_driver.c`): the mark COP1, then actions of one word each,
action in bits 0..7. OPTIMIZER_CONFIG is followed by the words CONFIG and ID of the NPU that the
file is for; COMMAND_STREAM has the length in words, low half in bits 16..31, high byte in bits
8..15, and must stand so that the stream begins at a multiple of 16 bytes.

Nothing here trusts the bytes: what a driver or an NPU would refuse, or nobody knows, becomes a
fault with its place, and decoding goes on as long as lengths are known.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from mcuzoo.npu.registers import SHIFTED, Cmd0, Cmd1

MARK = b"COP1"
OPTIMIZER_CONFIG, COMMAND_STREAM, NOP = 0x01, 0x02, 0x05
_STREAM_ALIGNMENT_WORDS = 4
_PAYLOAD = 0x4000
_CODE = 0x3FF
_U55, _U65 = 0, 1
_ACCELERATORS = {
    (_U55, 5): "ethos-u55-32",
    (_U55, 6): "ethos-u55-64",
    (_U55, 7): "ethos-u55-128",
    (_U55, 8): "ethos-u55-256",
    (_U65, 8): "ethos-u65-256",
    (_U65, 9): "ethos-u65-512",
}
_SHRAM_KIB = {
    "ethos-u55-32": 16,
    "ethos-u55-64": 16,
    "ethos-u55-128": 24,
    "ethos-u55-256": 48,
    "ethos-u65-256": 48,
    "ethos-u65-512": 96,
}


@dataclass(frozen=True)
class NpuConfig:
    """The NPU that a stream was compiled for, from the words CONFIG and ID.

    accelerator: in Vela's words, such as ethos-u65-256. macs: products per cycle, of all cores.
    shram_kib: of all cores together. stream_version: of the command stream. architecture: major,
    minor, patch.
    """

    accelerator: str
    macs: int
    shram_kib: int
    stream_version: int
    architecture: tuple[int, int, int]

    @property
    def cores(self) -> int:
        return 2 if self.accelerator == "ethos-u65-512" else 1


@dataclass(frozen=True, slots=True)
class Command:
    """One command. word: its place, in words from the payload's first byte on.

    code: what it does. param: bits 16..31 of its first word. payload: its second word; None for a
    Cmd0.
    """

    word: int
    code: Cmd0 | Cmd1
    param: int
    payload: int | None = None

    @property
    def value(self) -> int:
        """What the register is set to. An address, length or stride has its upper bits in `param`;
        a scale is `payload` and its shift is `param`."""
        if self.payload is None:
            return self.param
        return self.payload if self.code in SHIFTED else self.payload | self.param << 32

    @property
    def signed(self) -> int:
        """The parameter as an int16: zero points, scalars, limits."""
        return self.param - 0x10000 if self.param & 0x8000 else self.param


@dataclass(frozen=True)
class StreamFault:
    """What a driver or an NPU would refuse, or nobody knows. word: its place in the payload, in
    words. what: a sentence without its full stop."""

    word: int
    what: str


@dataclass(frozen=True)
class Stream:
    """A decoded payload. config: None if the header has none. commands: up to and with OP_STOP.

    words: length of the payload in words. faults: in the order of their places.
    """

    config: NpuConfig | None
    commands: tuple[Command, ...]
    words: int
    faults: tuple[StreamFault, ...]


def decode_stream(payload: bytes) -> Stream:
    """The commands in `payload`; takes time in proportion to its length, raises nothing."""
    words: list[int] = np.frombuffer(payload[: len(payload) // 4 * 4], "<u4").tolist()
    faults: list[StreamFault] = []
    if len(payload) % 4:
        faults.append(StreamFault(len(words), "the payload does not end with a whole word"))
    config, first, end = _header(payload, words, faults)
    commands = _commands(words, first, end, faults)
    faults.sort(key=lambda fault: fault.word)
    return Stream(config, tuple(commands), len(words), tuple(faults))


def _header(
    payload: bytes, words: list[int], faults: list[StreamFault]
) -> tuple[NpuConfig | None, int, int]:
    """The NPU, and the first and the last word (not included) of the command stream."""
    config: NpuConfig | None = None
    first = end = len(words)
    if payload[:4] != MARK:
        faults.append(StreamFault(0, "the payload does not begin with COP1"))
        return None, first, end
    at = 1
    while at < len(words):
        action, reserved, length = words[at] & 0xFF, words[at] >> 8 & 0xFF, words[at] >> 16
        if action == OPTIMIZER_CONFIG and at + 2 < len(words):
            config = _config(words[at + 1], words[at + 2], at, faults)
            at += 3
        elif action == NOP:
            at += 1
        elif action == COMMAND_STREAM:
            if first < len(words):
                faults.append(StreamFault(at, "a second command stream, which is not read"))
                break
            first, count = at + 1, length | reserved << 16
            end = min(first + count, len(words))
            if first + count > len(words):
                what = f"the header says {count} words of commands, {len(words) - first} follow"
                faults.append(StreamFault(at, what))
            if first % _STREAM_ALIGNMENT_WORDS:
                faults.append(StreamFault(at, "the commands do not begin at a multiple of 16"))
            at = first + count
        else:
            faults.append(StreamFault(at, f"the driver knows no action 0x{action:02x}"))
            break
    if config is None:
        faults.append(StreamFault(0, "the header does not say which NPU the stream is for"))
    if first == len(words):
        faults.append(StreamFault(at, "the payload has no command stream"))
    return config, first, end


def _config(config: int, identity: int, at: int, faults: list[StreamFault]) -> NpuConfig:
    macs_log2, version, shram = config & 0xF, config >> 4 & 0xF, config >> 8 & 0xFF
    product = config >> 28
    name = _ACCELERATORS.get((product, macs_log2), "unknown")
    if name == "unknown":
        what = f"no NPU of product {product} has {1 << macs_log2} products per cycle"
        faults.append(StreamFault(at + 1, what))
    elif shram != _SHRAM_KIB[name]:
        what = f"{name} has {_SHRAM_KIB[name]} KiB of shared memory, not {shram}"
        faults.append(StreamFault(at + 1, what))
    if version:
        faults.append(StreamFault(at + 1, f"command stream version {version} is not known"))
    architecture = (identity >> 28, identity >> 20 & 0xFF, identity >> 16 & 0xF)
    if architecture[0] != 1:
        what = f"architecture {'.'.join(map(str, architecture))} is not that of U55 and U65"
        faults.append(StreamFault(at + 2, what))
    return NpuConfig(name, 1 << macs_log2, shram, version, architecture)


def _commands(words: list[int], at: int, end: int, faults: list[StreamFault]) -> list[Command]:
    found: list[Command] = []
    while at < end:
        word = words[at]
        kind, code, param = word & 0xFC00, word & _CODE, word >> 16
        length = 2 if kind & 0xC000 == _PAYLOAD else 1
        if kind not in (0, _PAYLOAD):
            faults.append(
                StreamFault(at, f"0x{word:08x} is no command: bits 10..15 are 0x{kind:x}")
            )
            if kind & 0x8000:
                return found  # The length of such a command is not known.
        elif at + length > end:
            faults.append(StreamFault(at, "the stream ends within a command"))
        elif length == 2 and code in _CMD1:
            found.append(Command(at, _CMD1[code], param, words[at + 1]))
        elif length == 1 and code in _CMD0:
            found.append(Command(at, _CMD0[code], param))
            if code == Cmd0.OP_STOP:
                if at + 1 < end:
                    what = f"{end - at - 1} words follow the end of the stream"
                    faults.append(StreamFault(at + 1, what))
                return found
        else:
            faults.append(StreamFault(at, f"0x{word:08x}: no register or operation 0x{code:03x}"))
        at += length
    faults.append(StreamFault(end, "the stream does not end with OP_STOP"))
    return found


_CMD0 = {int(code): code for code in Cmd0}
_CMD1 = {int(code): code for code in Cmd1}
