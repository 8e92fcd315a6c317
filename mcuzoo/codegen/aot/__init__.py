"""The ahead-of-time runtime: a program lowered to kernel calls and rendered as C."""
