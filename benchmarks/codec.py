"""How much shorter inputs become by the codec (docs/codec.md), and what decoding costs.

    python benchmarks/codec.py PROJECT --images CSV [--every 8] [--json codec.json]

The inputs are those that `mcuzoo run-serial --project PROJECT --images CSV` sends. "on the wire" is
with all frames from the host: INPUT_BEGIN, INPUT_DATA of 1024 bytes, INVOKE and READ_OUTPUT. PNG is
Pillow's, with the default level of zlib. Instructions are counted on an emulated Cortex-M7, over
whole images in pieces of 1024 bytes; they are no cycles. The host's time depends on this machine.
"""

from __future__ import annotations

import argparse
import io
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mcuzoo.data.dataset import load_data_set
from mcuzoo.data.labels import load_classes
from mcuzoo.data.output_form import form_of
from mcuzoo.data.preprocess import input_of
from mcuzoo.emulator.block_counter import BlockCounter
from mcuzoo.link import messages
from mcuzoo.link.codec import encode
from mcuzoo.link.frame import Frame, encode_frame
from mcuzoo.link.messages import MAX_CHUNK_BYTES, Message
from mcuzoo.link.payload import pack
from mcuzoo.link.sent_input import SentInput, sent_input
from mcuzoo.project.kinds import SIZE, compile_flags, machine_flags
from mcuzoo.project.manifest import load_manifest
from mcuzoo.resources import firmware_dir
from mcuzoo.run.feed import Prepared, prepare
from mcuzoo.toolchain.find import find_compiler
from mcuzoo.toolchain.sizes import read_sections, read_symbols

CODE, RETURN = 0x0001_0000, 0x0000_F000
DATA, STACK = 0x2000_0000, 0x3000_2000
STREAM, TENSOR = DATA + 0x1_0000, DATA + 0x20_0000
_SCRIPT = """SECTIONS { . = 0x10000;
  .text : { KEEP(*(.text .text.*)) *(.rodata .rodata.*) *(.data .data.*) *(.bss .bss.*) }
  /DISCARD/ : { *(.ARM.exidx* .ARM.extab* .ARM.attributes .eh_frame) } }
"""


class Core:
    """The firmware's decoder on an emulated Cortex-M7 without a board."""

    def __init__(self, folder: Path, optimization: str) -> None:
        import unicorn
        from unicorn import arm_const

        found = find_compiler("gcc")
        elf, script = folder / "codec.elf", folder / "codec.ld"
        script.write_text(_SCRIPT)
        source = firmware_dir() / "link" / "mz_codec.c"
        helpers = firmware_dir() / "port" / "cortex_m7" / "mz_string.c"
        flags = [*machine_flags(found.kind, "cortex-m7", "fpv5-d16"), *compile_flags(found.kind)]
        self._tools = [*found.command, *flags, optimization, f"-I{firmware_dir()}"]
        subprocess.run([*self._tools, str(source), str(helpers), "-nostdlib", "-T", str(script),
                        "-Wl,-e,mz_codec_take", "-o", str(elf)], check=True)  # fmt: skip
        part = folder / "codec.o"
        subprocess.run([*self._tools, "-c", str(source), "-o", str(part)], check=True)
        self.code_bytes = sum(
            section.size_bytes
            for section in read_sections(part)
            if section.name.startswith((".text", ".rodata"))
        )
        names = {"mz_codec_begin", "mz_codec_take", "mz_codec_is_complete"}
        self._entries = read_symbols(elf, names)
        self._registers = arm_const
        self._uc = uc = unicorn.Uc(
            unicorn.UC_ARCH_ARM, unicorn.UC_MODE_THUMB | unicorn.UC_MODE_MCLASS
        )
        uc.ctl_set_cpu_model(arm_const.UC_CPU_ARM_CORTEX_M7)
        for start, size in ((RETURN, 0x10_1000), (DATA, 0x80_0000), (STACK - 0x2000, 0x2000)):
            uc.mem_map(start, size)
        for section in read_sections(elf):
            uc.mem_write(section.address, section.content)
        self._counter = BlockCounter(lambda address, size: bytes(uc.mem_read(address, size)))
        uc.hook_add(unicorn.UC_HOOK_BLOCK, self._counter.on_block)

    def decode(self, stream: bytes, tensor: bytes) -> int:
        """The instructions that it takes. Raises RuntimeError if `tensor` does not come out."""
        before = self._counter.total
        self._call("mz_codec_begin", DATA, len(tensor))
        for at in range(0, len(stream), MAX_CHUNK_BYTES):
            piece = stream[at : at + MAX_CHUNK_BYTES]
            self._uc.mem_write(STREAM, piece)
            self._call("mz_codec_take", DATA, STREAM, len(piece), TENSOR)
        taken = self._counter.total - before
        complete = self._call("mz_codec_is_complete", DATA)
        if not complete or self._uc.mem_read(TENSOR, len(tensor)) != tensor:
            raise RuntimeError("the emulated decoder gave another tensor")
        return taken

    def _call(self, function: str, *arguments: int) -> int:
        names = self._registers
        registers = (names.UC_ARM_REG_R0, names.UC_ARM_REG_R1, names.UC_ARM_REG_R2,
                     names.UC_ARM_REG_R3)  # fmt: skip
        for register, value in zip(registers, arguments, strict=False):
            self._uc.reg_write(register, value)
        self._uc.reg_write(names.UC_ARM_REG_SP, STACK)
        self._uc.reg_write(names.UC_ARM_REG_LR, RETURN | 1)
        self._uc.emu_start(self._entries[function] | 1, RETURN)
        return int(self._uc.reg_read(names.UC_ARM_REG_R0)) & 0xFF


def wire_bytes(sent: SentInput, output_bytes: int) -> int:
    """All that the host sends for one image."""
    begin = sent.begin(1)
    requests: list[Message] = [begin]
    for at in range(0, len(sent.data), MAX_CHUNK_BYTES):
        requests.append(messages.InputData(1, at, sent.data[at : at + MAX_CHUNK_BYTES]))
    requests.append(messages.Invoke(1, begin.input_crc32))
    for at in range(0, output_bytes, MAX_CHUNK_BYTES):
        requests.append(messages.ReadOutput(1, at, min(MAX_CHUNK_BYTES, output_bytes - at)))
    return sum(len(encode_frame(Frame(request.code, 0, 1, pack(request)))) for request in requests)


def png_bytes(tensor: NDArray[np.int8]) -> int:
    from PIL import Image

    pixels = tensor.view(np.uint8) ^ np.uint8(0x80)
    if pixels.shape[-1] == 1:
        pixels = pixels[..., 0]
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "PNG")
    return len(file.getvalue())


def measure(tensors: Sequence[NDArray[np.int8]], output_bytes: int, core: Core) -> dict[str, Any]:
    """The figures, summed over all inputs."""
    raw = encoded = png = wire_raw = wire_sent = instructions = decoded = 0
    seconds = 0.0
    for tensor in tensors:
        begun = time.perf_counter()
        stream = encode(tensor)
        seconds += time.perf_counter() - begun
        sent = sent_input(tensor, compress=True)
        raw += tensor.nbytes
        encoded += len(sent.data)
        png += png_bytes(tensor)
        wire_raw += wire_bytes(sent_input(tensor, compress=False), output_bytes)
        wire_sent += wire_bytes(sent, output_bytes)
        if stream is not None:
            instructions += core.decode(stream, tensor.tobytes())
            decoded += tensor.nbytes
    return {
        "images": len(tensors),
        "raw_bytes": raw,
        "encoded_bytes": encoded,
        "png_bytes": png,
        "ratio": raw / encoded,
        "png_ratio": raw / png,
        "wire_raw_bytes": wire_raw,
        "wire_encoded_bytes": wire_sent,
        "wire_ratio": wire_raw / wire_sent,
        "encode_ms": 1000 * seconds / len(tensors),
        "instructions_per_byte": instructions / decoded if decoded else None,
        "decoder_code_bytes": core.code_bytes,
    }


def main() -> int:
    parser = argparse.ArgumentParser(description="Sizes by the codec for input tensors.")
    parser.add_argument("project", type=Path)
    parser.add_argument("--images", type=Path, required=True, metavar="DIR|CSV")
    parser.add_argument("--every", type=int, default=1)
    parser.add_argument("--optimization", default=SIZE)
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    manifest = load_manifest(options.project)
    classes = load_classes(None, form_of(manifest.output).classes)
    items = load_data_set(options.images, classes, None, None).items[:: options.every]
    input = input_of(manifest)
    ready = [prepare(item, input, None) for item in items]
    tensors = [one.tensor for one in ready if isinstance(one, Prepared)]
    with tempfile.TemporaryDirectory() as folder:
        core = Core(Path(folder), options.optimization)
        figures = measure(tensors, manifest.output.bytes, core)
    for name, value in figures.items():
        print(f"{name:24} {value:,.3f}" if isinstance(value, float) else f"{name:24} {value:,}")
    if options.json is not None:
        options.json.write_text(json.dumps(figures, indent=2) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
