"""The reader: a program of its own for each read of a PostgreSQL outside, so that no rows are in the control plane."""
