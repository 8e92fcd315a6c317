"""A bill of materials, as text."""

from __future__ import annotations

from typing import Any


def sbom_text(document: dict[str, Any]) -> str:
    """What the document is about, and what whoever passes it on must know or add."""
    firmware, parts = document["metadata"]["component"], document["components"]
    built = "components" in firmware
    lines = [f"{firmware['name']}, {'build' if built else 'sources'} {firmware['version']}"]
    lines += [_line(part) for part in parts]
    nameless = [part["name"] for part in parts if "version" not in part and not _has_hash(part)]
    if not built:
        lines.append("note: it was not built yet: libraries and products are not known")
    elif nameless:
        lines.append(f"note: these state no version: {', '.join(nameless)}")
    unlicensed = [part["name"] for part in parts if "licenses" not in part]
    if unlicensed:
        lines.append(f"note: no licence is known of {', '.join(unlicensed)}")
    return "".join(f"{line}\n" for line in lines)


def _line(part: dict[str, Any]) -> str:
    files = len(part.get("components", ()))
    counted = f", {files} files" if files else ""
    return f"  {' '.join([part['name'], part.get('version', '')]).strip()}{counted}"


def _has_hash(part: dict[str, Any]) -> bool:
    return "hashes" in part or "properties" in part
