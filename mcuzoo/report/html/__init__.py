"""Pages: a verdict on one HTML file that needs nothing else."""
