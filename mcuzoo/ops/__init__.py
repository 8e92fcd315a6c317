"""One file per operator, one table of them, and what is asked of the table."""
