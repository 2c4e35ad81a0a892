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

# The oldest Go that builds all three.
go_wanted=1.26
install_go="curl -fL https://go.dev/dl/go$go_wanted.0.linux-amd64.tar.gz | tar -C /usr/local -xz"

# go_is_there: in a version that is new enough
go_is_there() {
    found=$(GOTOOLCHAIN=local go env GOVERSION 2>/dev/null) || return
    [ "$(printf 'go%s\n%s\n' "$go_wanted" "$found" | sort -V | head -1)" = "go$go_wanted" ]
}

if ! go_is_there; then
    echo "FAILED: Go $go_wanted or newer is missing; as root, run: $install_go"
    echo "0 passed, 1 failed, 0 skipped"
    exit 1
fi
ready=
for server in $servers; do
    source=$(source_of "$server")
    if [ "$(cat "$bin/$server.source" 2>/dev/null)" != "$source" ]; then
        echo "building $source"
        if ! GOBIN=$bin GOTOOLCHAIN=local go install "$source" >"$bin/$server.log" 2>&1; then
            tail -5 "$bin/$server.log"
            echo "$server: FAILED to build; its log is $bin/$server.log"
            failed=$((failed + 1))
            continue
        fi
        echo "$source" >"$bin/$server.source"
    fi
    ready="$ready $server"
done
# shellcheck disable=SC2086
exec python3 "$here/servers.py" "${1:-$here/../../build}" "$bin" "$failed" $ready
