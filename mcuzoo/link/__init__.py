"""Frames, session and transports between host and board."""
