"""Every statement the catalogue sends, as functions of a session.

No function here commits: the caller's ``Database.session()`` does.
"""
