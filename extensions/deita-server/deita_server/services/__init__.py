"""The nouns of the data plane: a folder each, with handlers that speak HTTP and a manager that does not."""
