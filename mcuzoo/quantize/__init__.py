"""From a float network to an INT8 model, by TensorFlow in a process of its own."""
