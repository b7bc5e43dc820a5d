"""Moves a whole Deita from the embedded default (SQLite, folders) to PostgreSQL, to a bucket, or to both."""
