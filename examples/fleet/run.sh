#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# A fleet on this machine: two workers with one key behind HAProxy.
#
#   examples/fleet/run.sh BIN_DIR                until interrupted
#   examples/fleet/run.sh BIN_DIR COMMAND...     while the command runs, which finds the
#                                                address in $URL
#
# For example, with a stream whose every row comes from another worker than the last:
#
#   examples/fleet/run.sh build/bin sh -c 'vgirpc stream $URL count_up count=5'
set -eu
here=$(cd "$(dirname "$0")" && pwd)
PATH=$(cd "${1:?usage: run.sh BIN_DIR [COMMAND...]}" && pwd):$PATH
shift
work=$(mktemp -d)
trap 'kill $pids 2>/dev/null || true; wait; rm -rf "$work"' EXIT
trap 'exit 130' INT TERM
pids=

# The key that all workers have: as secret as a password, here made for the occasion.
VGI_RPC_SIGNING_KEY=$(od -An -N32 -tx1 /dev/urandom | tr -d ' \n')
export VGI_RPC_SIGNING_KEY

# worker NAME: starts one and sets $address when it accepts.
worker()
{
    : >"$work/$1"
    streams --http >"$work/$1" &
    pids="$pids $!"
    until address=$(sed -n 's/^PORT:/127.0.0.1:/p' "$work/$1") && [ -n "$address" ]; do
        kill -0 $!
        sleep 0.05
    done
}

worker one
FLEET_ONE=$address
worker two
FLEET_TWO=$address
FLEET_ADDRESS=${FLEET_ADDRESS:-127.0.0.1:8300}
URL=http://$FLEET_ADDRESS
export FLEET_ONE FLEET_TWO FLEET_ADDRESS URL
haproxy -db -f "$here/haproxy.cfg" &
pids="$pids $!"
until vgirpc describe "$URL" >/dev/null 2>&1; do
    kill -0 $!
    sleep 0.05
done

if [ $# -gt 0 ]; then
    "$@"
else
    echo "workers $FLEET_ONE and $FLEET_TWO behind $URL"
    wait
fi
