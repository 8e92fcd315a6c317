"""What NXP's MCUXpresso SDK calls a board's things, for applications that are built in it."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from mcuzoo.board.base import Fact, Flag, Macro, Size, Table, Token, Word


class Pin(Table):
    """A pad. function: the macro of fsl_iomuxc.h that connects it. config: its pad register."""

    function: Macro
    config: Word


class Sdk(Fact):
    """The board in the SDK.

    multicore: the build is told which core the application is for. pin_clocks: the clock gates
    (clock_ip_name_t) that the pads need. heap_bytes: what the SDK's linker script reserves in the
    data region. runners: what `west flash` can program the board with, the default first.
    """

    multicore: Flag = False
    pin_clocks: Annotated[tuple[Macro, ...], Field(min_length=1)]
    pins: Annotated[tuple[Pin, ...], Field(min_length=1)]
    heap_bytes: Size
    runners: Annotated[tuple[Token, ...], Field(min_length=1)]
