"""Boards behind a labgrid coordinator: places that a run acquires, uses and releases."""
