"""What of a working setup is there, what is missing, and the command that mends it."""
