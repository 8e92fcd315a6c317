"""Tensor lifetimes, arena planner, placement into memory regions, fit verdict."""
