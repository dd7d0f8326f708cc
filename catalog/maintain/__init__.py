"""Maintain: what administrators look up, name, sort, retry and remove."""
