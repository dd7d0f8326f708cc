"""The HTTP API for Python programs: typed answers, errors of ours, writes that are done once.

It needs nothing of the catalogue's own machinery::

    from catalog.client import Client

    with Client("https://catalog.example.org", token="cat_…") as catalog:
        for hit in catalog.hits("a red car at night"):
            print(hit["asset"]["name"], hit["clip"])
"""

from __future__ import annotations

from catalog.client.client import Client

__all__ = ["Client"]
