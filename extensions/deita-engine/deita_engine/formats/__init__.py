"""File formats: one module each, and the detection by content that chooses among them."""
