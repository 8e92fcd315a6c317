"""Files for Arm's Ethos-U55 and Ethos-U65, read, computed and judged on the host."""
