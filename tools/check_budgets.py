#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Measure functions and files against the budgets.

    check_budgets.py [-v]      -v lists what is over the aim, too

Exceptions are the lines `path function reason` of tools/budget_exceptions.txt; one that is not needed
any more is a problem itself.
"""

import re
import sys
from dataclasses import dataclass

from sources import C_FOLDERS, ROOT, bare_c, files, finish, line_of

LINES_AIM, LINES_FAIL = 60, 100
COMPLEXITY_AIM, COMPLEXITY_FAIL = 15, 25
PARAMETERS_FAIL = 7
FILE_AIM, FILE_FAIL = 800, 1200
WIDTH = 90

DIRECTIVE = re.compile(r"^[ \t]*#(?:[^\n\\]|\\.)*(?:\\\n(?:[^\n\\]|\\.)*)*", re.MULTILINE | re.DOTALL)
BRANCH = re.compile(r"\b(?:if|for|while|case)\b|&&|\|\||\?")
# A name and its parameters, then the brace that opens the body in column 0.
DEFINITION = re.compile(r"(?P<name>\w+)\s*\((?P<args>(?:[^(){};]|\([^(){};]*\))*)\)[^(){};=]*\n\{", re.DOTALL)


@dataclass
class Function:
    path: str
    name: str
    line: int
    lines: int
    complexity: int
    parameters: int

    def __str__(self):
        return (
            f"{self.path}:{self.line}: {self.name}: {self.lines} lines, "
            f"complexity {self.complexity}, {self.parameters} parameters"
        )

    def over(self, lines, complexity, parameters):
        return self.lines >= lines or self.complexity >= complexity or self.parameters >= parameters


def without_directives(text):
    return DIRECTIVE.sub(lambda match: "\n" * match.group().count("\n"), text)


def count_parameters(args):
    if args.strip() in ("", "void"):
        return 0
    flat = re.sub(r"\([^()]*\)", "", args)
    return flat.count(",") + 1


def functions_of(path):
    """Definitions in the house style: braces of a body stand in column 0."""
    text = without_directives(bare_c(path))
    for match in DEFINITION.finditer(text):
        end = text.find("\n}", match.end())
        start = text.rfind("\n\n", 0, match.start()) + 2
        first = max(start, text.rfind("}\n", 0, match.start()) + 2, text.rfind(";\n", 0, match.start()) + 2)
        body = text[match.end() : end]
        yield Function(
            path=str(path),
            name=match["name"],
            line=line_of(text, match.start()),
            lines=text.count("\n", first, end) + 2 - text[first:end].lstrip(" ").startswith("\n"),
            complexity=1 + len(BRANCH.findall(body)),
            parameters=count_parameters(match["args"]),
        )


def read_exceptions():
    path = ROOT / "tools/budget_exceptions.txt"
    rows = (line.split(None, 2) for line in path.read_text(encoding="utf-8").splitlines())
    return {(row[0], row[1]): row[2] for row in rows if len(row) == 3 and not row[0].startswith("#")}


def check_file(path, exceptions, used):
    lines = (ROOT / path).read_text(encoding="utf-8").splitlines()
    problems = []
    if path.suffix == ".c" and len(lines) >= FILE_FAIL:
        problems.append(f"{path}: {len(lines)} lines, the limit is {FILE_FAIL}")
    if (str(path), "width") in exceptions:
        used.add((str(path), "width"))
        return problems
    for number, line in enumerate(lines, 1):
        if len(line) > WIDTH:
            problems.append(f"{path}:{number}: {len(line)} columns, the limit is {WIDTH}")
    return problems


def percentile(values, share):
    return sorted(values)[min(len(values) - 1, int(len(values) * share))] if values else 0


def main():
    verbose = "-v" in sys.argv[1:]
    exceptions, used = read_exceptions(), set()
    problems, functions = [], []
    for path in files(C_FOLDERS, {".c", ".h"}):
        problems += check_file(path, exceptions, used)
        functions += functions_of(path)
    for function in functions:
        key = (function.path, function.name)
        if not function.over(LINES_FAIL, COMPLEXITY_FAIL, PARAMETERS_FAIL):
            if verbose and function.over(LINES_AIM, COMPLEXITY_AIM, PARAMETERS_FAIL):
                print(f"aim: {function}")
        elif key in exceptions:
            used.add(key)
        else:
            problems.append(f"over budget: {function}")
    for key in sorted(exceptions.keys() - used):
        problems.append(f"tools/budget_exceptions.txt: {' '.join(key)}: not needed")
    source = [function for function in functions if function.path.startswith("src/")]
    for what in ("lines", "complexity", "parameters"):
        values = [getattr(function, what) for function in source]
        shares = ", ".join(f"p{int(100 * p)} {percentile(values, p)}" for p in (0.5, 0.95, 0.99))
        print(f"src: {len(values)} functions, {what}: {shares}, max {max(values, default=0)}")
    for path in files(C_FOLDERS, {".c"}):
        count = len((ROOT / path).read_text(encoding="utf-8").splitlines())
        if count >= FILE_AIM:
            print(f"aim: {path}: {count} lines")
    return finish(problems, len(functions))


if __name__ == "__main__":
    sys.exit(main())
