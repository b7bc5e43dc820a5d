"""Whether this server works."""
