# SPDX-License-Identifier: Apache-2.0
"""What both suites share: deadlines for slow builds, sanitizer reports, the closing count."""

from __future__ import annotations

import collections
import os
from pathlib import Path

import pytest

_counts: collections.Counter[str] = collections.Counter()


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    scale = float(os.environ.get("VGI_TIMEOUT_SCALE", "1"))
    if scale == 1:
        return
    for item in items:
        mark = item.get_closest_marker("timeout")
        if mark and mark.args:
            item.add_marker(pytest.mark.timeout(mark.args[0] * scale), append=False)


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    if report.when == "call" or report.outcome != "passed":
        _counts[report.outcome] += 1


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    """A worker that a sanitizer or valgrind complained about fails the run, whatever its tests said."""
    folder = os.environ.get("VGI_SANITIZER_LOGS")
    reports = [log for log in sorted(Path(folder).iterdir()) if log.stat().st_size] if folder else []
    for log in reports:
        print(f"\nreport {log.name}:\n{log.read_text(errors='replace')[:8000]}")
        _counts["failed"] += 1
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


def pytest_unconfigure(config: pytest.Config) -> None:
    if not config.option.collectonly:
        print("{passed} passed, {failed} failed, {skipped} skipped".format_map(_counts))
