"""What a conversion changed, in figures."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from mcuzoo.graph.model import Model


@dataclass(frozen=True)
class LayerChange:
    """One op whose weights were made symmetric.

    lossless_channels: output channels whose weights kept their real values exactly;
    weights_changed: weights whose real value is another than before. name: of the operator.
    """

    op: int
    name: str
    channels: int
    lossless_channels: int
    weights: int
    weights_changed: int


@dataclass(frozen=True)
class ConversionReport:
    """source_dtype: "uint8" or "int8", what the source computes in; sizes in bytes.

    tensors_shifted: activations and their constants moved from UINT8 to INT8; misaligned_constants:
    of the source, whose data was not at a multiple of 16 bytes; ends_removed: the QUANTIZE and
    DEQUANTIZE ops cut from the ends. source_bytes: of the source's file. layers: ops whose weights
    changed.
    """

    source_dtype: str
    source_bytes: int
    bytes: int
    tensors_shifted: int
    misaligned_constants: int
    ends_removed: tuple[str, ...]
    layers: tuple[LayerChange, ...]

    @property
    def channels(self) -> int:
        return sum(layer.channels for layer in self.layers)

    @property
    def lossless_channels(self) -> int:
        return sum(layer.lossless_channels for layer in self.layers)

    @property
    def weights(self) -> int:
        return sum(layer.weights for layer in self.layers)

    @property
    def weights_changed(self) -> int:
        return sum(layer.weights_changed for layer in self.layers)

    def as_dict(self) -> dict[str, Any]:
        """As `mcuzoo convert --json` prints it: the fields and the sums over the layers."""
        return {
            **asdict(self),
            "channels": self.channels,
            "lossless_channels": self.lossless_channels,
            "weights": self.weights,
            "weights_changed": self.weights_changed,
        }


@dataclass(frozen=True)
class Conversion:
    """The converted model as read back from its new file (`model.raw`), and what was changed.

    report: what was changed.
    """

    model: Model
    report: ConversionReport
