"""What labelled pictures contradict of a model's preprocessing recipe and label order."""
