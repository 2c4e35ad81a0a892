#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Check every #include against the layer table of cmake/Layers.cmake.

In src/ a file includes from its own layer, from the layers of its row, and from the public headers.
Programs see public headers only, and so do components, which share components/store. A third-party
header appears in the folders that are listed for it. Every file starts with its licence line.
"""

import re
import sys

from sources import C_FOLDERS, ROOT, files, finish, line_of

INCLUDE = re.compile(r'^[ \t]*#[ \t]*include[ \t]*(?P<kind>[<"])(?P<name>[^>"]+)[>"]', re.MULTILINE)

# Where a library's header may appear.
THIRD_PARTY = {
    "zstd": ["src/codec"],
    "lz4": ["src/codec"],
    "jansson": ["src/json", "components/gcs"],
    "zlib.h": ["src/http/coding"],
    "llhttp": ["src/http/parser"],
    "openssl/": ["src/crypto/openssl"],
    "sodium": ["src/crypto/sodium"],
    "curl/": ["src/http/client"],
}

# Programs that are written with the public API, and whether that includes <vgirpc/sys/...>.
PROGRAMS = {"cli": False, "examples": False, "conformance": True}

LICENCE = "SPDX-License-Identifier: Apache-2.0"
LICENSED = {".c", ".h", ".cc", ".cpp", ".py", ".sh", ".cmake"}


def read_table():
    text = (ROOT / "cmake/Layers.cmake").read_text(encoding="utf-8")
    rows = re.search(r"set\(VGI_LAYERS(.*?)\)", text, re.DOTALL).group(1)
    return {name: set(deps.split()) for name, deps in re.findall(r'"([^":]+):([^"]*)"', rows)}


def check_table(table):
    """Every layer has a row, and every row only looks at earlier ones: no cycles."""
    problems, earlier = [], set()
    for layer, deps in table.items():
        for dep in sorted(deps - earlier):
            problems.append(f"cmake/Layers.cmake: {layer} needs {dep}, which has no row above it")
        earlier.add(layer)
    for path in files(["src"], {".c", ".h"}):
        layer = path.relative_to("src").parent.as_posix()
        if layer not in table:
            problems.append(f"{path}: folder {layer} is no layer of cmake/Layers.cmake")
    return problems


def layer_problem(path, kind, name, table):
    layer = path.relative_to("src").parent.as_posix()
    if kind == "<":
        return None
    if not (ROOT / "src" / name).is_file():
        return "write includes as \"layer/file.h\", from src/"
    target = name.rpartition("/")[0]
    if target != layer and target not in table.get(layer, ()):
        return f"layer {layer} may not use {target}"
    return None


def program_problem(path, kind, name):
    top = path.parts[0]
    if kind == '"':
        own = ROOT / path.parent / name
        return None if own.is_file() else f"{top}/ sees only public headers and its own"
    if name.startswith("vgirpc/sys/") and not PROGRAMS[top]:
        return f"{top}/ uses no <vgirpc/sys/...>"
    return None


def component_problem(path, kind, name):
    """A component sees its own folder, what all of them share, and the public headers."""
    component = path.parts[1]
    if kind == "<":
        return None
    if not (ROOT / "components" / name).is_file():
        return "no file of components/"
    if name.partition("/")[0] not in (component, "store"):
        return f"components/{component} sees only store/ and itself"
    return None


def third_party_problem(path, name):
    for prefix, folders in THIRD_PARTY.items():
        if not name.startswith(prefix) or path.parts[0] == "tests":
            continue
        if path.parent.as_posix() not in folders:
            return f"only {' and '.join(folders)} may see this library"
    return None


def public_problem(kind, name):
    if kind == '"':
        return "public headers include <vgirpc/...>"
    if name.startswith("vgirpc/") and not (ROOT / "include" / name).is_file():
        return "no such public header"
    return None


def check_includes(path, table):
    text = (ROOT / path).read_text(encoding="utf-8")
    problems = []
    for match in INCLUDE.finditer(text):
        kind, name = match["kind"], match["name"]
        problem = third_party_problem(path, name) if kind == "<" else None
        if path.parts[0] == "src":
            problem = problem or layer_problem(path, kind, name, table)
        elif path.parts[0] == "include":
            problem = problem or public_problem(kind, name)
        elif path.parts[0] == "components" and "tests" not in path.parts:
            problem = problem or component_problem(path, kind, name)
        elif path.parts[0] in PROGRAMS:
            problem = problem or program_problem(path, kind, name)
        if problem:
            problems.append(f"{path}:{line_of(text, match.start())}: {name}: {problem}")
    return problems


def check_licence(path):
    with open(ROOT / path, encoding="utf-8") as f:
        head = [f.readline(), f.readline()]
    first = head[1] if head[0].startswith("#!") else head[0]
    return [] if LICENCE in first else [f"{path}:1: no licence line"]


def main():
    table = read_table()
    problems = check_table(table)
    sources = files(C_FOLDERS, {".c", ".h", ".cc"})
    for path in sources:
        problems += check_includes(path, table)
    for path in files([*C_FOLDERS, "tools", "cmake", "script", "docs"], LICENSED):
        problems += check_licence(path)
    return finish(problems, len(sources))


if __name__ == "__main__":
    sys.exit(main())
