"""Figures that only a board can give: build a firmware, boot it, ask."""
