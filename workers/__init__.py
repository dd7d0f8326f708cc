"""Celery workers: they take ids from the queues and call the catalogue."""
