"""Watch: take in what settles in watched roots, and keep true where every file lies.

One thread per root (`catalog.watch.root`) walks it, listens to the system, and
waits for files to settle; a few threads register them (`catalog.watch.intake`).
Events are hints: what counts is what the disk says when it is asked.
"""
