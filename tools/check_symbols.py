#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Compare what the libraries export with what the public headers declare.

    check_symbols.py <build directory>

Each shared library exports exactly the functions and tables that its headers declare. What the other
libraries need of the core beyond that stands under the core's private version node, and starts with
vgi__. In the archives every global name starts with vgi_, but for llhttp's own.
"""

import re
import subprocess
import sys
from pathlib import Path

from sources import ROOT, bare_c, files, finish

DECLARATION = re.compile(r"\bVGI_API\s+([^;]*);")
# Headers of other libraries than the core.
OTHERS = {
    "vgirpc/client.h": "libvgirpc-client.so",
    "vgirpc/external.h": "libvgirpc-client.so",
    "vgirpc/sys/crypto.h": "libvgirpc-client.so",
    "vgirpc/sys/http.h": "libvgirpc-client.so",
    "vgirpc/http.h": "libvgirpc-http.so",
    "vgirpc/s3.h": "libvgirpc-s3.so",
    "vgirpc/gcs.h": "libvgirpc-gcs.so",
}
# How global names of archives start.
ARCHIVED = ("vgi_", "llhttp_")
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
    """Names that a file defines, with their versions: name@@NODE."""
    out = subprocess.run(["nm", "--defined-only", *args], check=True, capture_output=True, text=True)
    rows = (line.split() for line in out.stdout.splitlines())
    return {row[2] for row in rows if len(row) == 3 and row[1] != "A"}


def compare(library, symbols, declared):
    pairs = [symbol.partition("@@")[::2] for symbol in symbols]
    exported = {name for name, node in pairs if not node.startswith("VGIRPC_PRIVATE_")}
    problems = [
        f"{library}: {name} under {node}"
        for name, node in sorted(pairs)
        if node.startswith("VGIRPC_PRIVATE_") and not name.startswith("vgi__")
    ]
    problems += [f"{library}: declared but not exported: {name}" for name in sorted(declared - exported)]
    return problems + [
        f"{library}: exported but not declared: {name}" for name in sorted(exported - declared)
    ]


def main():
    lib = Path(sys.argv[1]) / "lib"
    declared = {"libvgirpc.so": set(), **{library: set() for library in OTHERS.values()}}
    for path in files(["include"], {".h"}):
        name = path.relative_to("include").as_posix()
        declared[OTHERS.get(name, "libvgirpc.so")].update(declared_in(path))
    problems = []
    for library, names in declared.items():
        if (lib / library).exists():
            problems += compare(library, nm("-D", str(lib / library)), names)
    for archive in sorted(lib.glob("libvgirpc*.a")):
        names = nm("--extern-only", str(archive))
        problems += [
            f"{archive.name}: global name without vgi_: {name}"
            for name in sorted(names)
            if not name.startswith(ARCHIVED)
        ]
    return finish(problems, sum(map(len, declared.values())))


if __name__ == "__main__":
    sys.exit(main())
