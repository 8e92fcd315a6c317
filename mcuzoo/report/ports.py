"""The ports of this machine, as text and for JSON."""

from __future__ import annotations

from collections.abc import Sequence

from mcuzoo.link.hello import Hello
from mcuzoo.link.ports import PortInfo, usb_name
from mcuzoo.link.survey import Surveyed


def port_document(found: Surveyed, listed: Sequence[PortInfo]) -> dict[str, object]:
    """The JSON document of a port. `firmware` is null where none answered or none was asked."""
    port, hello = found.port, found.hello
    usb = port.usb_id
    return {
        "port": port.device,
        "stable_name": usb_name(port, listed),
        "description": port.description,
        "vendor_id": None if usb is None else usb[0],
        "product_id": None if usb is None else usb[1],
        "serial_number": port.serial_number or None,
        "interface": port.interface or None,
        "held_by": found.holder or None,
        "trouble": found.trouble or None,
        "firmware": None
        if hello is None
        else {
            **hello_document(hello),
            "baud": found.baud,
            "runtime_error": hello.runtime_error or None,
        },
    }


def hello_document(hello: Hello) -> dict[str, object]:
    """What a firmware says that it is, for JSON."""
    return {
        "board": hello.board,
        "build_id": hello.build_id,
        "model_sha256": hello.model_sha256,
        "runtime": hello.runtime,
        "agent": hello.agent,
    }


def ports_text(found: Sequence[Surveyed]) -> str:
    """Each port with its USB device, and under it what answered, or why nothing did."""
    if not found:
        return "This machine has no serial ports. Plug a board in, or use emulator://PROJECT.\n"
    listed = [one.port for one in found]
    return "".join(f"{line}\n" for one in found for line in _lines(one, listed))


def _lines(found: Surveyed, listed: Sequence[PortInfo]) -> list[str]:
    port, hello = found.port, found.hello
    lines = [port.text]
    stable = usb_name(port, listed)
    if stable != port.device:
        lines.append(f"    --port {stable}")
    if hello is not None:
        lines.append(f"    {hello.board} ({hello.agent}), {hello.runtime}, at {found.baud} baud")
        lines.append(f"    build {hello.build_id[:12]}, model {hello.model_sha256[:12]}")
        if hello.runtime_error:
            lines.append(f"    it cannot run its model: {hello.runtime_error}")
    elif found.trouble:
        lines.append(f"    {found.trouble}")
    elif found.holder:
        lines.append(f"    {found.holder} has it open")
    return lines
