"""Tables, their rows and versions."""
