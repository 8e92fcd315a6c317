"""Measured rates of a board: its firmware of micro-benchmarks, what they took, what follows."""
