"""Boards as data: load and validate boards/*.toml."""
