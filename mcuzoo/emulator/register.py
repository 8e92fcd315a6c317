"""Make emulator:// a URL of pyserial."""

from __future__ import annotations

_PACKAGE = "mcuzoo.emulator"


def register_pyserial() -> None:
    """Let serial.serial_for_url open emulator://PROJECT[?count=N|all|0&board=B]; idempotent."""
    import serial

    if _PACKAGE not in serial.protocol_handler_packages:
        serial.protocol_handler_packages.append(_PACKAGE)
