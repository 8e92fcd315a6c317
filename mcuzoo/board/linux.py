"""A board that runs Linux, as `boards/*.toml` with `kind = "linux"` describes it."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field, PrivateAttr, field_validator, model_validator

from mcuzoo.board.base import Fact, Identifier, Label, Token, is_one_of

Bytes = Annotated[int, Field(strict=True, gt=0, le=1 << 40)]
"""A size in bytes."""
Clock = Annotated[int, Field(strict=True, gt=0, le=10**11)]
"""A clock in Hz."""
Baud = Annotated[int, Field(strict=True, gt=0, le=10**8)]
Version = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.+-]{0,39}$")]
LibraryPath = Annotated[str, Field(pattern=r"^(/[A-Za-z0-9_.+-]+)+$", max_length=200)]
"""An absolute path of plain words: it stands in commands that a user pastes into a shell."""
Device = Annotated[str, Field(pattern=r"^/dev/[A-Za-z0-9]{1,40}$")]


class Cores(Fact):
    """The cores that Linux runs on. name: "Cortex-A55". clock_hz: the highest that Linux sets."""

    name: Token
    count: Annotated[int, Field(strict=True, gt=0, le=1024)]
    clock_hz: Clock


class Dram(Fact):
    """The memory that Linux has. size: in bytes."""

    size: Bytes


class LinuxConsole(Fact):
    """The serial console. device: its name on the board."""

    device: Device
    baud: Baud


class Delegate(Fact):
    """TFLite's way to the NPU. name: what mcuzoo calls it. library: where it is on the board."""

    name: Literal["ethosu", "vx"]
    library: LibraryPath

    @field_validator("library")
    @classmethod
    def _no_way_up(cls, library: str) -> str:
        if ".." in library.split("/"):
            raise ValueError("has a .. in it")
        return library


class VelaConfig(Fact):
    """What Vela is told about the board; arena_cache_size in bytes. Each is one of its options."""

    accelerator_config: Literal[
        "ethos-u55-32",
        "ethos-u55-64",
        "ethos-u55-128",
        "ethos-u55-256",
        "ethos-u65-256",
        "ethos-u65-512",
    ]
    system_config: Token
    memory_mode: Token
    arena_cache_size: Bytes

    @property
    def options(self) -> tuple[str, ...]:
        """The words of Vela's command line."""
        return (
            *("--accelerator-config", self.accelerator_config),
            *("--system-config", self.system_config),
            *("--memory-mode", self.memory_mode),
            *("--arena-cache-size", str(self.arena_cache_size)),
        )


class Npu(Fact):
    """The neural processing unit.

    kind: "ethos-u65-256", or "vx" for VeriSilicon's. macs: 8-bit multiply-accumulate units.
    sram_bytes: the memory that is the NPU's alone. Both are None where the maker does not say.
    vela: None where no compiler runs on the host: the delegate compiles on the board.
    """

    kind: Literal["ethos-u55-128", "ethos-u55-256", "ethos-u65-256", "ethos-u65-512", "vx"]
    name: Label
    macs: Annotated[int, Field(strict=True, gt=0, le=1 << 20)] | None = None
    clock_hz: Clock | None = None
    sram_bytes: Bytes | None = None
    delegate: Delegate
    vela: VelaConfig | None = None

    @model_validator(mode="after")
    def _as_the_kind_says(self) -> Npu:
        ethos = self.kind.startswith("ethos-")
        if ethos != (self.vela is not None):
            raise ValueError(f"vela is {'missing' if ethos else 'not'} for an NPU of this kind")
        if self.vela is not None:
            if self.vela.accelerator_config != self.kind:
                raise ValueError("vela.accelerator_config is another NPU than kind")
            if self.sram_bytes is None or self.vela.arena_cache_size > self.sram_bytes:
                raise ValueError("vela.arena_cache_size is above sram_bytes")
            if self.macs is not None and not self.kind.endswith(f"-{self.macs}"):
                raise ValueError("macs is another number than the one in kind")
        return self


class Bsp(Fact):
    """A release of NXP's Linux and what it has. version: "LF6.6.36_2.1.0".

    vela: None where the board needs no Vela.
    """

    version: Version
    tflite: Version
    vela: Version | None = None


class LinuxBoard(Fact):
    """One board that runs Linux.

    id: what --board takes. soc: the chip, as NXP writes it. arch: what programs for it are built
    for. bsp: the releases of its Linux that are known, the newest first.
    """

    kind: Literal["linux"]
    id: Identifier
    name: Label
    soc: Label
    arch: Literal["aarch64"]
    aliases: Annotated[tuple[Identifier, ...], Field(max_length=32)] = ()
    cores: Cores
    dram: Dram
    console: LinuxConsole
    npu: Npu | None = None
    bsp: Annotated[tuple[Bsp, ...], Field(min_length=1, max_length=64)]
    _files: dict[str, str] = PrivateAttr(default_factory=dict)

    @property
    def files(self) -> dict[str, str]:
        """The file that it was read from, text by name: `board.toml`; empty if there was none."""
        return dict(self._files)

    def model_post_init(self, context: Any) -> None:
        """Takes `files` from the context of the validation."""
        self._files = dict((context or {}).get("files", {}))

    @property
    def known_as(self) -> tuple[str, ...]:
        """The names of the board; see is_called."""
        return tuple(dict.fromkeys((self.id, self.name, self.soc, *self.aliases)))

    def is_called(self, name: str) -> bool:
        """Whether `name` means this board, in any case and with anything between its words."""
        return is_one_of(name, self.known_as)
