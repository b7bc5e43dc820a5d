"""Statements being written: validated, laid out, completed; never run."""
