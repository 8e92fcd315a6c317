"""The virtual EVK."""
