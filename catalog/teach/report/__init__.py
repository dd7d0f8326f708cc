"""What is written beside a taught encoder's weights: a record, and pages to look at."""

from catalog.teach.report.page import PAGES, RECORD, html, write_all

__all__ = ["PAGES", "RECORD", "html", "write_all"]
