#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Run what the head comment of each example promises: every "RUN: command" must print
# exactly the "OUTPUT:" lines below it. Usage: run.sh BIN_DIR
set -u
here=$(cd "$(dirname "$0")" && pwd)
bin=$(cd "${1:?usage: run.sh BIN_DIR}" && pwd) || exit 1
PATH=$bin:$here:$PATH
expected=$(mktemp) actual=$(mktemp)
trap 'rm -f "$expected" "$actual"' EXIT
passed=0 failed=0 skipped=0

# The RUN lines of a file, with their numbers.
runs() { grep -n '^ \* RUN: ' "$1"; }
# The OUTPUT lines that follow line $2 of file $1.
outputs()
{
    tail -n "+$(($2 + 1))" "$1" | sed -n '/^ \* OUTPUT:/!q; s/^ \* OUTPUT: \{0,1\}//p'
}

# The program that a command is about is not there: vgirpc, if it has a part in it.
missing()
{
    case " $1 " in
    *" vgirpc "*) ! command -v vgirpc ;;
    *) ! command -v "${1%% *}" ;;
    esac >/dev/null
}

for source in "$here"/*.c "$here"/*.cc; do
    program=$(basename "${source%.*}")
    runs "$source" >"$actual"
    while IFS=: read -r line _ command <&3; do
        command=${command# }
        if [ ! -x "$bin/$program" ] || missing "$command"; then
            echo "skip   $program: $command"
            skipped=$((skipped + 1))
            continue
        fi
        outputs "$source" "$line" >"$expected"
        sh -c "$command" 2>/dev/null >"$actual.out" </dev/null
        if diff -u "$expected" "$actual.out"; then
            echo "ok     $program: $command"
            passed=$((passed + 1))
        else
            echo "FAILED $program: $command"
            failed=$((failed + 1))
        fi
        rm -f "$actual.out"
    done 3<"$actual"
done
echo "$passed passed, $failed failed, $skipped skipped"
[ "$failed" -eq 0 ]
