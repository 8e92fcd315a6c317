"""Predicts the modelled cycles of a planned program without running it."""
