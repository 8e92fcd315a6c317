"""How each op becomes a kernel call, one file per op."""
