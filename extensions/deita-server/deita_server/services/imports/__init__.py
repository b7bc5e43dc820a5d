"""Files on their way to becoming tables."""
