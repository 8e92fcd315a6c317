"""Runner, journal, scores, verdicts."""
