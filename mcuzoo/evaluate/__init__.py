"""Accuracy of a model on a data set, engine against engine, model against model."""
