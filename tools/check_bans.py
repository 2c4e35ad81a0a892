#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Find calls and constructs that this repository does without.

Allocation goes through src/base/alloc.c, where every call can be made to fail. Unbounded string
functions, silent number parsing and assert() have no place at all. A goto jumps forward, to `out`.
"""

import re
import sys

from sources import bare_c, files, finish, line_of

ALLOCATION = (
    "malloc calloc realloc reallocarray aligned_alloc posix_memalign free "
    "strdup strndup asprintf vasprintf"
)
UNSAFE = "sprintf vsprintf strcpy stpcpy strcat strncpy gets atoi atol atoll atof strtok alloca assert setjmp"

# Functions, the folders in which they are banned, and the files or folders that are the exception.
BANS = [
    (ALLOCATION, ["src", "components"], {"src/base/alloc.c", "components/s3/tests"}),
    (UNSAFE, ["src", "components", "include", "cli", "conformance", "examples", "fuzz"], set()),
    # stdout is a transport; only the server's command line and its announcements speak before it is one.
    ("printf puts putchar", ["src", "components"], {"src/server", "src/server/http"}),
]

GOTO = re.compile(r"\bgoto\s+(\w+)\s*;")
LABEL = re.compile(r"^(\w+):(?!:)", re.MULTILINE)


def call_of(names):
    """A call of one of the functions; not a member of that name, nor a part of a longer one."""
    return re.compile(r"(?<![\w.>])(?:" + "|".join(names.split()) + r")(?=\s*\()")


def check_calls(path, text, pattern):
    return [
        f"{path}:{line_of(text, match.start())}: {match.group()}() is banned here"
        for match in pattern.finditer(text)
    ]


def check_gotos(path, text):
    problems = []
    labels = [match.start() for match in LABEL.finditer(text) if match.group(1) == "out"]
    for match in GOTO.finditer(text):
        where = f"{path}:{line_of(text, match.start())}"
        if match.group(1) != "out":
            problems.append(f"{where}: the only label is `out`")
        # The next function starts at the first closing brace in column 0.
        end = text.find("\n}", match.start())
        if not any(match.start() < label < end for label in labels):
            problems.append(f"{where}: goto jumps backward or nowhere")
    return problems


def main():
    problems, seen = [], set()
    for names, folders, exceptions in BANS:
        pattern = call_of(names)
        for path in files(folders, {".c", ".h"}):
            seen.add(path)
            if not exceptions & {path.as_posix(), path.parent.as_posix()}:
                problems += check_calls(path, bare_c(path), pattern)
    for path in files(["src", "components", "cli", "conformance", "examples"], {".c"}):
        problems += check_gotos(path, bare_c(path))
    return finish(sorted(problems), len(seen))


if __name__ == "__main__":
    sys.exit(main())
