"""Kernel variants whose layout of the weights takes a file of its own."""
