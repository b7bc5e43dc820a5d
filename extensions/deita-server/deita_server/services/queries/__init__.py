"""Statements, their results and receipts."""
