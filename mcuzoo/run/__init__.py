"""Data sets, preprocessing, runner, journal, scores, verdicts."""
