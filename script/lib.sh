# SPDX-License-Identifier: Apache-2.0
# Shared by the scripts of this folder; to be sourced.
root=$(cd "$(dirname "$0")/.." && pwd)
build=$root/build

build_packages="gcc g++ libc6-dev cmake ninja-build pkg-config python3 python3-pip libzstd-dev \
liblz4-dev zlib1g-dev libssl-dev libsodium-dev libjansson-dev libcurl4-openssl-dev libcmocka-dev"
test_packages="clang libclang-rt-14-dev curl haproxy"

# step WHAT COMMAND...: says what is done and how long it took; the script ends when it fails.
step() {
    what=$1
    shift
    echo "== $what"
    started=$(date +%s)
    if ! "$@"; then
        echo "== $what: FAILED after $(($(date +%s) - started)) s" >&2
        exit 1
    fi
    echo "== $what: $(($(date +%s) - started)) s"
}

# quietly COMMAND...: shows the output only when the command fails.
quietly() {
    log=$(mktemp)
    if "$@" >"$log" 2>&1; then
        rm -f "$log"
    else
        cat "$log" >&2
        rm -f "$log"
        return 1
    fi
}

installed() {
    [ "$(dpkg-query -W -f='${db:Status-Status}' "$1" 2>/dev/null)" = installed ]
}

# packages NAME...: installs the Debian packages that are missing, when it may.
packages() {
    if ! command -v dpkg-query >/dev/null; then
        echo "not a Debian system; needed are the equivalents of: $*"
        return 0
    fi
    missing=
    for package in "$@"; do
        installed "$package" || missing="$missing $package"
    done
    if [ -z "$missing" ]; then
        echo "all installed: $*"
        return 0
    fi
    line="apt-get install --yes --no-install-recommends$missing"
    if [ "$(id -u)" -ne 0 ] || ! command -v apt-get >/dev/null; then
        echo "missing packages; as root, run: $line" >&2
        return 1
    fi
    echo "$line"
    # shellcheck disable=SC2086
    quietly apt-get update && quietly env DEBIAN_FRONTEND=noninteractive $line
}

# llhttp: puts the sources of the HTTP parser into build/llhttp, unless the system has it or
# they are there.
llhttp() {
    source=$root/cmake/llhttp.txt
    if pkg-config --atleast-version=9.4 libllhttp || cmp -s "$source" "$build/llhttp/source.txt"; then
        return 0
    fi
    if ! python3 -m pip --version >/dev/null 2>&1; then
        echo "python3 has no pip; as root, run: apt-get install --yes --no-install-recommends python3-pip" >&2
        return 1
    fi
    mkdir -p "$build"
    fetched=$(mktemp -d "$build/llhttp.XXXXXX")
    quietly python3 -m pip download --disable-pip-version-check --require-hashes --no-deps \
        --no-binary httptools --dest "$fetched" --requirement "$source" &&
        mkdir "$fetched/llhttp" &&
        tar -xzf "$fetched"/httptools-*.tar.gz -C "$fetched/llhttp" --strip-components=3 \
            --wildcards '*/vendor/llhttp/*' &&
        cp "$source" "$fetched/llhttp/source.txt" &&
        rm -rf "$build/llhttp" &&
        mv "$fetched/llhttp" "$build/llhttp"
    done=$?
    rm -rf "$fetched"
    return $done
}

# release_build [TARGET...]: what is in build/, all of it without targets.
release_build() {
    llhttp && quietly cmake -S "$root" --preset release && ninja -C "$build" --quiet "$@"
}
