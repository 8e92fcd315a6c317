"""Which way of showing pixels the terminal has: by what it says of itself in the environment, or by
what it answers to two questions.

The questions are kitty's own: a query of its graphics, then the Primary Device Attributes (DA1),
which every terminal answers; 4 among them is sixel graphics (DEC STD 070; xterm's ctlseqs). Whoever
answers DA1 alone has no kitty graphics. Nobody is asked who is no terminal, and nobody is waited
for longer than ANSWER_S.
"""

from __future__ import annotations

import os
import re
import select
import sys
import time
from collections.abc import Mapping

from mcuzoo.cli.output import may_color

ANSWER_S = 0.5
WAYS = ("auto", "kitty", "iterm2", "sixel", "blocks", "none")

_KITTY_QUERY = b"\x1b_Gi=31,s=1,v=1,a=q,t=d,f=24;AAAA\x1b\\"
_DA1 = b"\x1b[c"
_KITTY_HAS = re.compile(rb"\x1b_G[^\x1b]*i=31[^\x1b]*;OK\x1b\\")
_DA1_ANSWER = re.compile(rb"\x1b\[\?([0-9;]*)c")
_SIXEL = "4"

_OF_ITERM2 = ("iTerm.app", "WezTerm", "mintty")
"""Values of TERM_PROGRAM: terminals whose documents say that they take iTerm2's inline images."""

_OF_KITTY = ("xterm-kitty", "xterm-ghostty")
_NOT_ASKED = ("linux",)
"""Values of TERM: a console that would print a question."""


def picture_way(chosen: str = "auto") -> str | None:
    """kitty, iterm2, sixel or blocks; None where no picture is to be shown: stdout is no terminal,
    or somebody has said no (NO_COLOR, TERM=dumb). chosen: one of WAYS, which is taken as it is."""
    if chosen != "auto":
        return None if chosen == "none" else chosen
    if not may_color():
        return None
    known = way_of_environment(os.environ)
    if known is None:
        known = way_of_answers(_ask(_questions(os.environ)))
    if known == "blocks" and "utf" not in sys.stdout.encoding.lower():
        return None
    return known


def way_of_environment(environment: Mapping[str, str]) -> str | None:
    """What the environment says; None: the terminal is to be asked."""
    term, program = environment.get("TERM", ""), environment.get("TERM_PROGRAM", "")
    if term in _NOT_ASKED or program == "Apple_Terminal":
        return "blocks"
    if _in_multiplexer(environment):  # the variables are those of another terminal, outside of it
        return None
    if program in _OF_ITERM2 or environment.get("LC_TERMINAL") == "iTerm2":
        return "iterm2"
    return "kitty" if term in _OF_KITTY or "KITTY_WINDOW_ID" in environment else None


def way_of_answers(answers: bytes) -> str:
    """What a terminal says that it has."""
    if _KITTY_HAS.search(answers):
        return "kitty"
    found = _DA1_ANSWER.search(answers)
    # The first number is the class of the terminal, the others are what it has.
    attributes = [] if found is None else found[1].decode("ascii").split(";")[1:]
    return "sixel" if _SIXEL in attributes else "blocks"


def _in_multiplexer(environment: Mapping[str, str]) -> bool:
    term = environment.get("TERM", "")
    return "TMUX" in environment or "STY" in environment or term.startswith(("screen", "tmux"))


def _questions(environment: Mapping[str, str]) -> bytes:
    # tmux and screen take kitty's question for the title of the window.
    return _DA1 if _in_multiplexer(environment) else _KITTY_QUERY + _DA1


def _ask(questions: bytes) -> bytes:
    """What the terminal answers in time; nothing where it cannot be asked."""
    if sys.platform == "win32":
        return b""
    import termios
    import tty

    if sys.stdin is None or not sys.stdin.isatty():
        return b""
    screen, keys = sys.stdout.fileno(), sys.stdin.fileno()
    answers = b""
    try:
        if os.tcgetpgrp(keys) != os.getpgrp():  # in the background: it would be stopped
            return b""
        before = termios.tcgetattr(keys)
        try:
            tty.setcbreak(keys, termios.TCSANOW)
            sys.stdout.flush()
            os.write(screen, questions)
            deadline = time.monotonic() + ANSWER_S
            while not _DA1_ANSWER.search(answers):
                left = deadline - time.monotonic()
                if left <= 0 or not select.select([keys], [], [], left)[0]:
                    break
                piece = os.read(keys, 1024)
                if not piece:
                    break
                answers += piece
        finally:
            termios.tcsetattr(keys, termios.TCSANOW, before)
    except (OSError, termios.error):
        return answers
    return answers
