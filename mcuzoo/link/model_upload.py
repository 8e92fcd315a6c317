"""A model to a board with a universal firmware: is there room, send it, have it checked."""

from __future__ import annotations

import random
from collections.abc import Callable
from hashlib import sha256

from mcuzoo.errors import FitError, UsageError
from mcuzoo.link import messages
from mcuzoo.link.channel import Channel
from mcuzoo.link.hello import Hello
from mcuzoo.link.messages import ErrorCode
from mcuzoo.link.timing import Timing
from mcuzoo.link.transfer import model_transfer, upload

CURED_BY_SENDING_AGAIN = frozenset(
    {ErrorCode.NO_SUCH_UPLOAD, ErrorCode.INCOMPLETE, ErrorCode.MODEL_SHA256}
)
"""The board has lost the model, or holds it damaged."""

_COMMIT_BYTES = 64
# To hash and set up a model; the board does not listen meanwhile.
_CHECK_S = 4.0


def holds(board: Hello, model: bytes) -> bool:
    """Whether the board runs this very model already."""
    return board.model_bytes == len(model) and board.model_sha256 == sha256(model).hexdigest()


def require_room(board: Hello, model: bytes) -> None:
    """Raise UsageError when the board takes no models, FitError when it has no room for this."""
    if board.model_capacity_bytes == 0:
        raise UsageError(
            f"The firmware on the {board.board} takes no models: its own is linked in.",
            "Flash a universal one: mcuzoo export --universal --board BOARD --tflm DIR.",
        )
    if len(model) > board.model_capacity_bytes:
        raise FitError(
            f"The model has {len(model):,} bytes, the {board.board} has room for "
            f"{board.model_capacity_bytes:,}.",
            "Export the universal firmware with a larger --model-region, or take a smaller model.",
        )


def send_model(
    channel: Channel,
    timing: Timing,
    board: Hello,
    model: bytes,
    on_progress: Callable[[int], None] | None = None,
) -> None:
    """Send `model` and have the board check it and set it up.

    What the board holds of it from an earlier attempt is not sent again. Raises as `upload`.
    """
    begin = messages.ModelBegin(random.getrandbits(32), len(model), sha256(model).hexdigest())
    upload(channel, timing, board, model_transfer(begin), model, on_progress)
    channel.ask(
        messages.ModelCommit(begin.upload_id),
        messages.ModelAck,
        lambda ack: ack.upload_id == begin.upload_id and ack.ready == 1,
        timing.tries,
        timing.exchange_s(_COMMIT_BYTES) + _CHECK_S,
    )
