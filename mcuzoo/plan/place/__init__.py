"""Places arena, weights and model file in the memories of a board, and tells what that costs."""
