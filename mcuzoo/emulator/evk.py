"""The virtual EVK: a board file, an image and a console become a running board."""

from __future__ import annotations

import gc
import sys
from collections.abc import Callable
from pathlib import Path

from mcuzoo.board.model import Board
from mcuzoo.emulator.boot_rom import boot
from mcuzoo.emulator.clock import CountMode
from mcuzoo.emulator.consoles import Console
from mcuzoo.emulator.image import load_image
from mcuzoo.emulator.machine import Machine, Orders, Outcome, Setting
from mcuzoo.emulator.memory import make_memories
from mcuzoo.emulator.transmitter import Transmitter


def say_on_stderr(text: str) -> None:
    print(f"emulator: {text}", file=sys.stderr, flush=True)


class VirtualEvk:
    """A board with `image` in its flash and `console` at its UART.

    image: the content of a .bin or .elf file, or its path. count: how many inferences DWT counts
    before the board goes on at full speed. until_hang_up: end when the console's host has gone.
    Raises EmulatorError when the boot ROM would not start the image, InputError when it cannot be
    read.
    """

    def __init__(
        self,
        board: Board,
        image: bytes | Path,
        console: Console,
        count: CountMode | None = None,
        *,
        until_hang_up: bool = False,
        say: Callable[[str], None] = say_on_stderr,
    ) -> None:
        loaded = load_image(board, image)
        start = boot(board, loaded)
        self._memories = make_memories(board)
        for memory in self._memories:
            if memory.region.name == board.flash.region:
                memory.load(loaded.offset, loaded.content)
        self._orders = Orders()
        self._console = console
        self._transmitter = Transmitter(console)
        self._setting = Setting(
            board=board,
            memories=self._memories,
            start=start,
            console=console,
            transmitter=self._transmitter,
            mode=CountMode() if count is None else count,
            orders=self._orders,
            until_hang_up=until_hang_up,
            say=say,
        )
        self._machine: Machine | None = None
        self._inferences = 0

    @property
    def inferences(self) -> int:
        """Inferences whose instructions were counted, over all resets."""
        return self._machine.inferences if self._machine else self._inferences

    @property
    def instructions(self) -> int:
        """Instructions counted since the last reset."""
        return self._machine.instructions if self._machine else 0

    def run(self) -> None:
        """Run until `stop`, or until the host hangs up where that is wanted; once only.

        Raises EmulatorError when the firmware does what the board file does not declare, or what
        the emulated board does not model; MissingExtraError without unicorn.
        """
        try:
            while True:
                self._machine = Machine(self._setting, self._inferences)
                outcome = self._machine.run()
                self._inferences = self._machine.inferences
                self._transmitter.flush()
                if outcome is Outcome.STOPPED:
                    return
                self._setting.say("reset")
                self._machine = None
                gc.collect()  # the engine's callbacks and the engine hold each other
        finally:
            self._transmitter.close()

    def request_reset(self) -> None:
        """Press the reset button; from any thread."""
        self._orders.reset = True
        self._interrupt()

    def stop(self) -> None:
        """End `run` soon; from any thread."""
        self._orders.stop = True
        self._interrupt()

    def _interrupt(self) -> None:
        self._console.wake()
        machine = self._machine
        if machine is not None:
            machine.engine.stop()
