# SPDX-License-Identifier: Apache-2.0
"""What the check scripts share: the repository's files, and C text without comments and strings."""

import re
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
C_FOLDERS = ("include", "src", "components", "cli", "conformance", "examples", "bench", "fuzz", "tests")
SKIPPED = {".git", "build", "corpus", "__pycache__"}


def files(folders, suffixes):
    """Paths below the folders (of the root), sorted, as Path objects relative to the root."""
    found = []
    for folder in folders:
        for path in (ROOT / folder).rglob("*"):
            inside = path.relative_to(ROOT)
            if path.is_file() and path.suffix in suffixes and not SKIPPED & set(inside.parts):
                found.append(inside)
    return sorted(found)


TOKEN = re.compile(
    r"""(?P<comment>/\*.*?\*/|//[^\n]*)|(?P<text>"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*')""",
    re.DOTALL,
)


def _blank(match):
    """Keep the lines, drop the words; a string stays a string, an empty one."""
    quotes = match.group()[0] * 2 if match.group("text") else " "
    return quotes + "\n" * match.group().count("\n")


def bare_c(path):
    """The text of a C file without comments and the contents of strings; lines keep their numbers."""
    return TOKEN.sub(_blank, (ROOT / path).read_text(encoding="utf-8"))


def line_of(text, offset):
    return text.count("\n", 0, offset) + 1


def finish(problems, checked):
    """Print the problems and the count; the exit code."""
    for problem in problems:
        print(problem)
    print(f"{checked} checked, {len(problems)} problems")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit("a module of the check scripts; it does nothing by itself")
