"""Taking back what a statement wrote."""
