#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Run a command while an example serves over HTTP. The word URL in it becomes the address.
#
#   examples/over_http.sh PROGRAM COMMAND...
set -eu
program=${1:?usage: over_http.sh PROGRAM COMMAND...}
shift
line=$(mktemp)
"$program" --http >"$line" 2>/dev/null &
trap 'kill $! 2>/dev/null; wait; rm -f "$line"' EXIT
until port=$(sed -n 's/^PORT://p' "$line") && [ -n "$port" ]; do
    kill -0 $!
    sleep 0.05
done
for word; do
    shift
    [ "$word" != URL ] || word=http://127.0.0.1:$port
    set -- "$@" "$word"
done
"$@"
