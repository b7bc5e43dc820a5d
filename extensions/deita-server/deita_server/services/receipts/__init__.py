"""Receipts: where a result comes from, read in full, and run again."""
