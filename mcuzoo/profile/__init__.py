"""What each kernel of a model takes on a board, and whether it computes the right thing."""
