"""What happened on the link, in words."""

from __future__ import annotations

# Ports that have no line, and so no speed.
_SPEEDLESS = ("emulator://", "socket://", "loop://")


def spoken_speed(port_url: str, baud: int, note: str) -> str:
    """ " at 921600 baud, as the project says"; empty for a port that has no speed."""
    if port_url.lower().startswith(_SPEEDLESS):
        return ""
    return f" at {baud} baud" + (f", {note}" if note else "")
