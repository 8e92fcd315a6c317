"""`verify`: a file that Vela compiled, judged against its source model on the host."""
