"""Lays out the tensor arena: which buffer lives when, what may share memory, where each lies."""
