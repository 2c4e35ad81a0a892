#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Compare what the libraries export with what the public headers declare.

    check_symbols.py <build directory>

Each shared library exports exactly the functions and tables that its headers declare, and the two
have none in common. In the archives every global name starts with vgi_.
"""

import re
import subprocess
import sys
from pathlib import Path

from sources import ROOT, bare_c, files, finish

DECLARATION = re.compile(r"\bVGI_API\s+([^;]*);")
SCALARS = re.compile(r"^\s*X\((\w+),", re.MULTILINE)


def declared_in(path):
    """The names that a header declares with VGI_API."""
    text = bare_c(path)
    names = set()
    for declaration in DECLARATION.findall(text):
        if "##" in declaration:
            names |= {f"vgi_type_{name}" for name in SCALARS.findall(text)}
            continue
        if "__attribute__" in declaration:
            continue
        match = re.search(r"\b(vgi_\w+)\s*(?:\(|$)", declaration.strip())
        names.add(match.group(1) if match else declaration)
    return names


def nm(*args):
    """Names that a file defines."""
    out = subprocess.run(["nm", "--defined-only", *args], check=True, capture_output=True, text=True)
    rows = (line.split() for line in out.stdout.splitlines())
    return {row[2].partition("@")[0] for row in rows if len(row) == 3}


def compare(library, exported, declared):
    return [f"{library}: declared but not exported: {name}" for name in sorted(declared - exported)] + [
        f"{library}: exported but not declared: {name}" for name in sorted(exported - declared)
    ]


def main():
    lib = Path(sys.argv[1]) / "lib"
    core, client = set(), set()
    for path in files(["include"], {".h"}):
        (client if path.name == "client.h" else core).update(declared_in(path))
    problems = compare("libvgirpc.so", nm("-D", str(lib / "libvgirpc.so")), core)
    if (lib / "libvgirpc-client.so").exists():
        problems += compare("libvgirpc-client.so", nm("-D", str(lib / "libvgirpc-client.so")), client)
    for archive in sorted(lib.glob("libvgirpc*.a")):
        names = nm("--extern-only", str(archive))
        problems += [
            f"{archive.name}: global name without vgi_: {name}"
            for name in sorted(names)
            if not name.startswith("vgi_")
        ]
    return finish(problems, len(core) + len(client))


if __name__ == "__main__":
    sys.exit(main())
