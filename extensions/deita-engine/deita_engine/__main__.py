"""`python -m deita_engine`: the engine process; started by `deita_engine.client` only."""

from .process import main

main()
