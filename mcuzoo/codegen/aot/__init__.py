"""The ahead-of-time runtime: lowered calls rendered as C."""
