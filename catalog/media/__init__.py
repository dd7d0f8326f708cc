"""The media adapter: what a file is, its shots and their pictures, its identity.

The modules are imported by name (``from catalog.media.probe import probe``), so
that importing this package costs nothing.
"""
