"""The leaderboard as one web page that needs no network, no server and no framework."""

from __future__ import annotations

from ffcl_leaderboard.report.data import report_data
from ffcl_leaderboard.report.page import write_report

__all__ = ["report_data", "write_report"]
