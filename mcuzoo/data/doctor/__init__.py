"""What a network sees of a picture, and what is wrong with a given input tensor."""
