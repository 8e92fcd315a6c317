"""A session with one board: meet it, send images, get results."""

from __future__ import annotations

import random
import zlib
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from types import TracebackType
from typing import TextIO, TypeVar

import numpy as np
from numpy.typing import NDArray

from mcuzoo.errors import (
    BoardResetError,
    BoardSilentError,
    McuzooError,
    ModelRefusedError,
    PortError,
    ProtocolError,
)
from mcuzoo.link import failures, messages
from mcuzoo.link.ahead import NextImage, why_not_ahead
from mcuzoo.link.channel import BoardRestarted, Channel, DeviceLog, RateNotGood, Refused
from mcuzoo.link.frame import Trace
from mcuzoo.link.hello import Hello, check_same, say_hello
from mcuzoo.link.inference import (
    ArenaUse,
    Inference,
    KernelRecord,
    Profile,
    as_board_reads,
    check_input,
    invoke,
    measure_arena,
)
from mcuzoo.link.messages import ErrorCode
from mcuzoo.link.port_watch import PortWatch
from mcuzoo.link.questions import ping
from mcuzoo.link.rates import LineSpeed
from mcuzoo.link.sent_input import SentInput, sent_input
from mcuzoo.link.state import LineCounts, LinkState, Timing
from mcuzoo.link.transfer import (
    download,
    finish,
    holds,
    image_transfer,
    read_records,
    require_room,
    send_model,
    upload,
)
from mcuzoo.link.transport import has_speed, spoken_speed
from mcuzoo.link.use import Meter

__all__ = [
    "DeviceLog",
    "Hello",
    "Inference",
    "LineCounts",
    "LinkState",
    "Profile",
    "Session",
    "Timing",
]

_T = TypeVar("_T")


class _ImageLost(Exception):
    """An attempt failed for a reason that may be gone at the next attempt."""

    def __init__(self, error: McuzooError) -> None:
        super().__init__(error.message)
        self.error = error


class Session:
    """Use as a context manager; closing it closes the port. Not for several threads at once."""

    def __init__(self, channel: Channel, timing: Timing) -> None:
        """Take over `channel` and meet the board on it. Raises as `hello.say_hello`."""
        self._channel = channel
        self.compress = True  # send inputs encoded, if the board decodes them and it pays
        self._speed = LineSpeed(channel, timing)
        self._next_id = random.getrandbits(32)
        self._next = NextImage(channel)
        self._model: bytes | None = None
        self._uploads = False
        self._hello = say_hello(channel, timing)
        channel.met = True
        self._in_step = True
        self._meter = Meter(channel, channel.state.use)
        channel.state.not_ahead = why_not_ahead(self._hello)
        self._hello = self._speed.climb(self._hello)

    @property
    def _timing(self) -> Timing:
        return self._speed.timing

    @classmethod
    def open(
        cls,
        port_url: str,
        baud: int = 115200,
        *,
        timing: Timing | None = None,
        trace: TextIO | None = None,
        on_log: Callable[[DeviceLog], None] | None = None,
        state: LinkState | None = None,
        ports: PortWatch | None = None,
    ) -> Session:
        """Open a port and meet the board on it.

        `trace` receives a timed hex dump, `on_log` the board's log lines. state: what earlier
        sessions with this board have learnt; this one goes on with it. ports: finds the port where
        it is now; without one it is tried once, under its name.

        Raises PortError, BoardSilentError (nothing answers), ProtocolError (something else
        answers), RigError (the port echoes).
        """
        ports = ports or PortWatch(port_url, wait_s=0.0)
        port = ports.open(baud)
        channel = Channel(port, ports.name, Trace(trace) if trace else None, on_log, state)
        channel.speed = spoken_speed(port_url, baud, ports.baud_note)
        channel.baud = baud if has_speed(port_url) else 0
        try:
            return cls(channel, timing or Timing.of_port(port_url, baud))
        except BaseException:
            channel.close()
            raise

    def close(self) -> None:
        """Leave the board at its default rate, if it still listens, and close the port."""
        try:
            with suppress(PortError):  # a port that is gone has no rate to be left
                self._speed.leave()
        finally:
            self._channel.close()

    def __enter__(self) -> Session:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        where: TracebackType | None,
    ) -> None:
        self.close()

    def hello(self) -> Hello:
        """What the board said of itself when the session began, or after its last restart."""
        return self._hello

    def ping(self) -> LineCounts:
        """Ask the board for a sign of life and its line statistics."""
        return self.ask("PING", ping)

    def ask(self, during: str, question: Callable[[Channel, Timing], _T]) -> _T:
        """The answer to `question`, which uses Channel.ask. during: what errors call it.

        Raises BoardSilentError, PortError, BoardResetError, FirmwareError (fault) and
        ProtocolError (the board refuses).
        """
        try:
            return question(self._channel, self._timing)
        except BoardRestarted as restart:
            self._in_step = False
            raise failures.restarted(during, restart) from None
        except Refused as refusal:
            raise failures.refused(during, refusal.error, self._model is not None) from None

    def meet_again(self) -> Hello:
        """Ask the board who it is by now. Raises as when a session begins."""
        self._rejoin()
        return self._hello

    def measure_arena(self, arena_bytes: int = 0, recorded: bool = False) -> ArenaUse:
        """What the runtime takes of its arena; see link.arena. A trial drops the board's image.

        Raises BoardSilentError, PortError, BoardResetError, FirmwareError (fault) and
        ProtocolError (a firmware that cannot be measured, or a size beyond its arena).
        """
        if not self._in_step:
            self._rejoin()
        self._in_step = False
        during = f"an arena of {arena_bytes:,} bytes" if arena_bytes else "its arena"
        use = self.ask(
            during, lambda channel, timing: measure_arena(channel, timing, arena_bytes, recorded)
        )
        self._in_step = True
        return use

    def reset(self, own_model: bool = False) -> Hello:
        """Restart the board and meet it again. own_model: without the model that was sent to it."""
        if own_model:
            self._model = None
        self._channel.send(messages.Reset())
        self._rejoin()
        return self._hello

    def upload(self, model: bytes, on_progress: Callable[[int], None] | None = None) -> Hello:
        """Make a board with a universal firmware run `model`, a .tflite file's bytes.

        Nothing is sent if the board runs it already. A board that restarts in this session gets the
        model again by itself. `on_progress` is told how many bytes have arrived.

        Raises UsageError (the firmware takes no models), FitError (no room), ModelRefusedError
        (arrived, and cannot be run: the board says why, or TFLite-Micro faulted), and as `infer`.
        """
        require_room(self._hello, model)
        self._model, self._uploads = model, True
        lost: McuzooError
        for attempt in range(1, self._timing.attempts + 1):
            if not self._in_step:
                self._speed.settle()
                self._meet_again()
            if holds(self._hello, model):
                return self._hello
            self._in_step = False
            during = f"upload of a model, attempt {attempt}"
            try:
                send_model(self._channel, self._timing, self._hello, model, on_progress)
            except (RateNotGood, BoardRestarted, Refused) as failure:
                lost = self._lost(failure, during, failures.MODEL_SENT_AGAIN)
            else:
                self._meet_again()
                if holds(self._hello, model):
                    return self._hello
                lost = BoardResetError(
                    f"The board lost the model directly after the upload ({during}).",
                    "Check its power supply and reset line, then go on with --resume.",
                )
        raise lost

    def infer(
        self, image_id: int, tensor: NDArray[np.int8], ahead: NDArray[np.int8] | None = None
    ) -> Inference:
        """Run the model on `tensor`, int8, as many bytes as the board's input tensor has.

        ahead: the tensor of the next call, if it is known. It is sent while the board works, if the
        board can take it then; the next call goes on with it.

        `image_id` is the caller's name for the image and appears in messages; on the wire every
        attempt has an id of its own, so that nothing late or foreign can be taken for its answer.
        An image that the board loses (restart, damaged input) is sent again up to
        `timing.attempts` times.

        Raises InputError (wrong size), BoardSilentError, PortError, BoardResetError,
        WrongFirmwareError (another firmware came up after a restart), FirmwareError (fault, failed
        inference), ModelRefusedError (the same, in an uploaded model), ProtocolError.
        """
        input = self._input(tensor)
        following = None
        if ahead is not None and self._hello.has(messages.Feature.AHEAD):
            following = self._input(ahead)
        self._meter.begin()
        found = self._retry(image_id, input, partial(self._infer, following))
        self._meter.end(input, found.output.nbytes)
        self._speed.has_run()
        return found

    def profile(self, image_id: int, tensor: NDArray[np.int8]) -> Profile:
        """Run the model on `tensor` as `infer` does and learn what each kernel took and gave.

        A model of more kernels than the board keeps records of is run several times. The board's
        CRCs between two kernels are in no kernel's count. Raises as `infer`.
        """
        input = self._input(tensor)
        inference, records, total = self._retry(image_id, input, partial(self._profile, 0))
        while len(records) < total:
            again, more, _ = self._retry(image_id, input, partial(self._profile, len(records)))
            if not more or not np.array_equal(again.output, inference.output):
                raise ProtocolError(
                    f"The board gave {len(records)} of {total} records of a profile, then "
                    f"{'another output' if more else 'no more'}.",
                    "The firmware is not sound: export, build and flash it again.",
                )
            records = records + more
        return Profile(inference, records)

    def _retry(
        self, image_id: int, input: SentInput, attempt_at: Callable[[SentInput, int], _T]
    ) -> _T:
        """The result of `attempt_at(input, attempt number)`, tried several times."""
        lost: McuzooError
        for attempt in range(1, self._timing.attempts + 1):
            if not self._in_step:
                self._rejoin()
            self._in_step = False
            try:
                result = attempt_at(input, attempt)
            except BoardSilentError as silence:
                if not self._speed.climbed:
                    raise
                self._speed.fall()  # it may answer at its default rate
                lost = silence
            except (RateNotGood, BoardRestarted, Refused) as failure:
                during = f"image {image_id}, attempt {attempt}"
                lost = self._lost(failure, during, failures.IMAGE_SENT_AGAIN)
            except _ImageLost as loss:
                lost = loss.error
            else:
                self._in_step = self._speed.good()
                return result
        raise lost

    def _lost(
        self,
        failure: RateNotGood | BoardRestarted | Refused,
        during: str,
        sent_again: frozenset[ErrorCode],
    ) -> McuzooError:
        """What `failure` of an attempt means. Raises a refusal that is not in `sent_again`."""
        if isinstance(failure, RateNotGood):
            return self._channel.silent("too much is lost at every rate")
        if isinstance(failure, BoardRestarted):
            lost = failures.restarted(during, failure)
            final = isinstance(lost, ModelRefusedError)
        else:
            lost = failures.refused(during, failure.error, self._model is not None)
            final = failure.error.error not in sent_again
        if final:
            raise lost from None
        return lost

    def _infer(self, following: SentInput | None, input: SentInput, attempt: int) -> Inference:
        begin = self._go_on(input) or self._send(input)
        return self._finish(messages.Invoke(begin.image_id, begin.input_crc32), attempt, following)

    def _input(self, tensor: NDArray[np.int8]) -> SentInput:
        """`tensor` as this board takes it. Raises InputError."""
        check_input(tensor, self._hello)
        tensor = as_board_reads(tensor, self._hello)
        return sent_input(tensor, self.compress and self._hello.has(messages.Feature.CODEC))

    def _go_on(self, input: SentInput) -> messages.InputBegin | None:
        """Finish the transfer of the input that is on its way; None if it is another one."""
        ahead = self._next.abandon()
        if ahead is None or not ahead.alive or ahead.input != input:
            return None
        finish(self._channel, self._timing, ahead.sending, ahead.first_seq)
        return ahead.begin

    def _send_ahead(self, input: SentInput) -> None:
        self._next.start(self._hello, self._new_image(input), input)

    def _new_image(self, input: SentInput) -> messages.InputBegin:
        begin = input.begin(self._next_id)
        self._next_id = (self._next_id + 1) & 0xFFFFFFFF
        return begin

    def _profile(
        self, first_record: int, input: SentInput, attempt: int
    ) -> tuple[Inference, tuple[KernelRecord, ...], int]:
        """The records from number `first_record` on that the board keeps, of how many in all."""
        self._next.abandon()
        begin = self._send(input)
        inference = self._finish(
            messages.Profile(begin.image_id, begin.input_crc32, first_record), attempt
        )
        records, total = read_records(self._channel, self._timing, begin.image_id, first_record)
        return inference, records, total

    def _send(self, input: SentInput) -> messages.InputBegin:
        """Bring an input to the board, under an image_id of its own."""
        begin = self._new_image(input)
        upload(self._channel, self._timing, self._hello, image_transfer(begin), input.data)
        return begin

    def _finish(
        self,
        run: messages.Invoke | messages.Profile,
        attempt: int,
        following: SentInput | None = None,
    ) -> Inference:
        """Run the model on the input that was sent, send `following`, fetch the output."""
        meanwhile = None if following is None else partial(self._send_ahead, following)
        result = invoke(self._channel, self._timing, self._hello, run, meanwhile)
        output = download(
            self._channel, self._timing, self._hello, run.image_id, self._hello.output.bytes
        )
        if zlib.crc32(output) != result.output_crc32:
            raise _ImageLost(failures.output_changed())
        return Inference(
            output=np.frombuffer(output, dtype=np.int8),
            cycles=result.cycles or None,
            input_crc32=run.input_crc32,
            attempts=attempt,
        )

    def _rejoin(self) -> None:
        """Meet the board again after a restart, and send the model that it had."""
        self._speed.settle()
        self._meet_again()
        if self._model is not None:
            self.upload(self._model)

    def _meet_again(self) -> None:
        self._next.abandon()
        now = self._greet()
        check_same(self._hello, now, uploads=self._uploads)
        self._hello = now
        self._in_step = True
        if not self._speed.climbed:
            self._hello = self._speed.climb(self._hello)

    def _greet(self) -> Hello:
        """Say HELLO, at the board's default rate if it does not answer at the present one."""
        try:
            return say_hello(self._channel, self._timing)
        except (BoardSilentError, ProtocolError):
            if not self._speed.climbed:
                raise
            self._speed.fall()
            return say_hello(self._channel, self._timing)
