"""`deita up`: proxy, hub and control plane as siblings, started, healed and stopped together."""
