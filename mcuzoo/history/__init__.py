"""Runs beside other runs: two of them image by image, many of them over time, and what differs."""
