"""Deita's apps and the widgets that they are made of."""
