#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# The minimal preset builds, and the core without options stays small.
set -eu
root=$(cd "$(dirname "$0")/../.." && pwd)
limit=$((200 * 1024))
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

cmake -S "$root" --preset minimal -B "$work" -DVGI_WERROR=ON >/dev/null
ninja -C "$work" >"$work/log" || {
    cat "$work/log"
    exit 1
}
text=$(size "$work/lib/libvgirpc.so" | awk 'NR == 2 { print $1 }')
echo "libvgirpc.so of the minimal build: $text bytes of text, $limit allowed"
if [ "$text" -le $limit ]; then
    echo "1 passed, 0 failed, 0 skipped"
else
    echo "0 passed, 1 failed, 0 skipped"
    exit 1
fi
