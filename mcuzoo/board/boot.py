"""What the boot ROM reads from the NOR flash before it starts the image.

Names and meaning of the FCB's fields: NXP MCUXpresso SDK, xip/*_flexspi_nor_config.h
(flexspi_nor_config_t, 512 bytes).
"""

from __future__ import annotations

from enum import Enum
from typing import Annotated

from pydantic import Field

from mcuzoo.board.base import Byte, Fact, Flag, Offset, Size, Table, Text, Word

FCB_BYTES = 512
LUT_SEQUENCES = 16
INSTRUCTIONS_PER_SEQUENCE = 8

SequenceId = Annotated[int, Field(strict=True, ge=0, lt=LUT_SEQUENCES)]
OPCODES = "CMD|RADDR|CADDR|MODE1|MODE2|MODE4|MODE8|WRITE|READ|LEARN|DATSZ|DUMMY|DUMMY_RWDS"
Instruction = Annotated[
    str, Field(pattern=rf"^(STOP|({OPCODES})_(SDR|DDR) (1|2|4|8) 0x[0-9A-F]{{2}})$")
]


class IvtEntry(str, Enum):
    """What the IVT's entry field points to; the two chips' ROMs want different things."""

    VECTOR_TABLE = "vector_table"
    RESET_HANDLER = "reset_handler"


class LutSequence(Table):
    """One FlexSPI command sequence, `OPCODE PADS OPERAND` per instruction."""

    seq: SequenceId
    what: Text
    ops: Annotated[
        tuple[Instruction, ...], Field(min_length=1, max_length=INSTRUCTIONS_PER_SEQUENCE)
    ]


class CustomSequence(Table):
    """For one ROM command (`slot` in lutCustomSeq): `count` sequences from `seq` on."""

    slot: Annotated[int, Field(strict=True, ge=0, lt=12)]
    what: Text
    count: Byte
    seq: Byte


class ConfigCommand(Table):
    """A command that the ROM sends to the flash before the first read."""

    slot: Annotated[int, Field(strict=True, ge=0, lt=3)]
    mode_type: Byte
    count: Byte
    seq: Byte
    argument: Word


class Fcb(Fact):
    """FlexSPI NOR configuration block; fields that are not named here are zero."""

    read_sample_clk_src: Byte
    cs_hold_time: Byte
    cs_setup_time: Byte
    column_address_width: Byte = 0
    controller_misc_option: Word
    device_type: Byte
    sflash_pad_type: Byte
    serial_clk_freq: Byte
    lut_custom_seq_enable: Byte = 0
    sflash_a1_size: Size
    data_valid_time: tuple[Word, Word] = (0, 0)
    busy_offset: Word = 0
    busy_bit_polarity: Word = 0
    page_size: Size
    sector_size: Size
    ipcmd_serial_clk_freq: Byte
    serial_nor_type: Byte = 0
    block_size: Size
    is_uniform_block_size: Flag
    config_commands: tuple[ConfigCommand, ...] = ()
    custom_sequences: tuple[CustomSequence, ...] = ()
    lut: tuple[LutSequence, ...]


class Download(Fact):
    """How the flash is written through the boot ROM's serial-download mode.

    switches: how the board's boot switches stand for that mode; None where it has none.
    option_word: what tells NXP's flashloader which flash it is (`blhost configure-memory 9`).
    """

    switches: Text | None = None
    option_word: Word


class Boot(Fact):
    """Offsets from the start of the flash; `image_offset` is where a .bin file begins.

    switches: how the board's boot switches stand when it boots from that flash.
    """

    image_offset: Offset
    fcb_offset: Offset
    ivt_offset: Offset
    boot_data_offset: Offset
    vector_table_offset: Offset
    ivt_entry: IvtEntry
    boot_data_size: Size
    switches: Text | None = None
    fcb: Fcb
