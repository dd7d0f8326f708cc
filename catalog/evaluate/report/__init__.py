"""The report of an evaluation: one HTML file that needs nothing else."""

from catalog.evaluate.report.page import report_path, write_report

__all__ = ["report_path", "write_report"]
