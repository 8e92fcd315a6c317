"""The debug probes of this machine, as text and for JSON."""

from __future__ import annotations

from collections.abc import Sequence

from mcuzoo.flash.probes import Probe


def probe_document(probe: Probe) -> dict[str, object]:
    """The JSON document of a probe."""
    return {
        "kind": probe.kind,
        "product": probe.product,
        "vendor": probe.vendor or None,
        "serial_number": probe.serial_number or None,
        "vendor_id": None if probe.usb_id is None else probe.usb_id[0],
        "product_id": None if probe.usb_id is None else probe.usb_id[1],
        "ports": [port.device for port in probe.ports],
        "tools": list(probe.tools),
        "seen_by": list(probe.seen_by),
        "note": probe.note or None,
        "denied": probe.denied or None,
    }


def probes_text(probes: Sequence[Probe]) -> str:
    """Each probe, its ports, and the ways of `flash` that can use it here."""
    if not probes:
        return "This machine has no debug probe. mcuzoo doctor shows which tools are installed.\n"
    return "".join(f"{line}\n" for probe in probes for line in _lines(probe))


def _lines(probe: Probe) -> list[str]:
    ids = "" if probe.usb_id is None else f", USB {probe.usb_id[0]:04x}:{probe.usb_id[1]:04x}"
    note = f", {probe.note}" if probe.note else ""
    lines = [f"{probe.text}{ids}{note}"]
    if probe.serial_number:
        lines.append(f"    --probe {probe.serial_number}")
    if probe.ports:
        lines.append(f"    ports: {', '.join(port.device for port in probe.ports)}")
    if probe.denied:
        lines.append(f"    no permission for {probe.denied}: mcuzoo doctor says what mends it")
    can = ", ".join(probe.tools)
    lines.append(f"    flash --via: {can}" if can else "    no tool here drives it")
    return lines
