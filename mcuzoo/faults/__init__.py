"""A serial line that damages what it carries, as written down: to test hosts, boards and rigs."""
