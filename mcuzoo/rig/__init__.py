"""The boards of a rig: their file, who is plugged in, who answers, their power switches."""
