"""What this workspace is."""
