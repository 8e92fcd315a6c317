"""One file per operator, one table of all operators, and the functions that use the table."""
