"""The scheme of the ports that are emulated boards; url.py reads what follows it."""

SCHEME = "emulator://"
