"""From a program to kernel calls: which C function runs each step, with its constants laid out."""
