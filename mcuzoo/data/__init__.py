"""Data sets: what is in them, how their pictures are decoded and become input tensors."""
