"""What stands between people whose servers run on one machine: bubblewrap around each server."""
