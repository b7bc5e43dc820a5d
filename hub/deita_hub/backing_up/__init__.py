"""Backups that were restored: a frozen view of everything, kept by restic, brought back and tried."""
