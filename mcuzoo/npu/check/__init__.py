"""Judging a compiled file without images: all of its constants, addresses and waits."""
