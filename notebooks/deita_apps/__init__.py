"""Deita's apps and the widgets that they are made of."""

from .explore import Explore

__all__ = ["Explore"]
