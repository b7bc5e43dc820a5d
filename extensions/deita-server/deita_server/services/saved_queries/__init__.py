"""Statements that were given a name: their parameters, their versions, and their addresses."""
