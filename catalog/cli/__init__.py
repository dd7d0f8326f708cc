"""The command line. Arguments in, one call of the facade, an answer out; no logic."""

from catalog.cli.app import main

__all__ = ["main"]
