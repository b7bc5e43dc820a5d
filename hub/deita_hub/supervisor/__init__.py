"""`deita up`: proxy, hub and control plane as siblings, started together, started again when they fall over, stopped together."""
