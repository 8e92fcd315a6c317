"""Power switches: commands as they stand, without a shell, that must end and succeed."""

from __future__ import annotations

import sys
import time
from pathlib import Path

import pytest

from mcuzoo.locking import lock
from mcuzoo.rig import power as power_module
from mcuzoo.rig.boards import Power
from mcuzoo.rig.power import PowerError, cycle, steps


def python(code: str, *words: str) -> tuple[str, ...]:
    return (sys.executable, "-c", code, *words)


def test_off_a_pause_and_on(tmp_path: Path) -> None:
    log = tmp_path / "log"
    code = f"import sys; open({str(log)!r}, 'a').write(sys.argv[1] + '\\n')"
    pauses: list[float] = []

    def sleep(seconds: float) -> None:
        pauses.append(seconds)
        time.sleep(min(seconds, 0.02))

    odd = "off; touch $HOME/x | `y`"  # an argument, whatever it looks like
    cycle(Power(off=python(code, odd), on=python(code, "on"), off_s=7.0), sleep)
    assert log.read_text().splitlines() == [odd, "on"]
    assert pauses.count(7.0) == 1


def test_what_a_cycle_is_made_of() -> None:
    both = Power(off=("a",), on=("b",), cycle=("c",))
    assert list(steps(both)) == [("c",)]
    assert list(steps(Power(off=("a",), on=("b",), off_s=1.5))) == [("a",), 1.5, ("b",)]
    place = Power(place="rt1170-0")
    assert list(steps(place)) == [("labgrid-client", "-p", "rt1170-0", "power", "cycle")]


def test_a_failure_is_told_with_the_commands_own_words() -> None:
    code = "import sys; print('no such\\thub \\x1b[31m'); sys.exit(3)"
    with pytest.raises(PowerError, match="exit code 3") as caught:
        cycle(Power(cycle=python(code)))
    assert caught.value.message.endswith(": no such hub [31m") and caught.value.exit_code == 3
    with pytest.raises(PowerError, match="cannot be used"):
        cycle(Power(cycle=("/no/such/program",)))


def test_a_command_that_does_not_end_is_killed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(power_module, "COMMAND_S", 0.2)
    with pytest.raises(PowerError, match=r"not ended within 0\.2 s"):
        cycle(Power(cycle=python("import time; time.sleep(600)")))


def test_the_end_of_a_run_ends_a_command() -> None:
    class Ended(Exception):
        pass

    def sleep(seconds: float) -> None:
        raise Ended

    begun = time.monotonic()
    with pytest.raises(Ended):
        cycle(Power(cycle=python("import time; time.sleep(600)")), sleep)
    assert time.monotonic() - begun < 60


@pytest.mark.skipif(sys.platform == "win32", reason="needs groups of processes")
def test_what_a_command_has_started_ends_with_it(tmp_path: Path) -> None:
    class Ended(Exception):
        pass

    held, ready = tmp_path / "held", tmp_path / "ready"
    inner = (
        "import time; from mcuzoo.locking import lock; "
        f"file = open({str(held)!r}, 'ab'); lock(file); "
        f"open({str(ready)!r}, 'x').close(); time.sleep(600)"
    )

    def sleep(seconds: float) -> None:
        if ready.exists():
            raise Ended
        time.sleep(seconds)

    with pytest.raises(Ended):
        code = "import subprocess, sys; subprocess.run([sys.executable, '-c', sys.argv[1]])"
        cycle(Power(cycle=python(code, inner)), sleep)
    deadline = time.monotonic() + 60
    with held.open("ab") as file:
        while True:
            try:
                lock(file)
            except OSError:
                assert time.monotonic() < deadline, "it still runs"
                time.sleep(0.01)
            else:
                break
