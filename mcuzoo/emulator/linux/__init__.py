"""The emulated Linux board: the agent's program on an Armv8-A core of unicorn, and its Linux."""
