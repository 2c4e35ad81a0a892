#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# The stores against servers that others wrote, with signatures checked: versitygw, minio, and
# fake-gcs-server, which checks none.
#
#   tests/stores/servers.sh [BUILD]
#
# The servers are built with Go, once, into build/stores. VGI_STORE_SERVERS names those that are
# wanted ("versitygw minio fake-gcs-server").
set -u
here=$(cd "$(dirname "$0")" && pwd)
bin=$here/../../build/stores
servers=${VGI_STORE_SERVERS:-versitygw minio fake-gcs-server}
failed=0
mkdir -p "$bin"
bin=$(cd "$bin" && pwd)

# source_of SERVER: what `go install` takes
source_of() {
    case $1 in
    versitygw) echo github.com/versity/versitygw/cmd/versitygw@v1.8.0 ;;
    minio) echo github.com/minio/minio@v0.0.0-20260212201848-7aac2a2c5b7c ;;
    fake-gcs-server) echo github.com/fsouza/fake-gcs-server@v1.56.1 ;;
    esac
}

ready=
for server in $servers; do
    source=$(source_of "$server")
    if [ "$(cat "$bin/$server.source" 2>/dev/null)" != "$source" ]; then
        echo "building $source"
        if ! GOBIN=$bin GOTOOLCHAIN=local go install "$source" >"$bin/$server.log" 2>&1; then
            tail -5 "$bin/$server.log"
            echo "$server: FAILED: with Go 1.26 or newer, run: GOBIN=$bin go install $source"
            failed=$((failed + 1))
            continue
        fi
        echo "$source" >"$bin/$server.source"
    fi
    ready="$ready $server"
done
# shellcheck disable=SC2086
exec python3 "$here/servers.py" "${1:-$here/../../build}" "$bin" "$failed" $ready
