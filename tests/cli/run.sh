#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Drives the vgirpc command against the examples and the conformance worker.
#
#   tests/cli/run.sh BIN_DIR
#
#   VGI_PYTHON15   Python with pyarrow (build/venv-15/bin/python)
#
# The last line is "N passed, N failed, N skipped".
bin=$(cd "${1:?usage: run.sh BIN_DIR}" && pwd) || exit 1
root=$(cd "$(dirname "$0")/../.." && pwd)
python=${VGI_PYTHON15:-$root/build/venv-15/bin/python}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
passed=0 failed=0 skipped=0
hello=exec:$bin/hello
streams=exec:$bin/streams
conformance=exec:$bin/vgirpc-conformance-worker

# check NAME STATUS ARGUMENTS...: run vgirpc; $out and $err hold what it printed.
check() {
    name=$1 want=$2
    shift 2
    timeout 60 "$bin/vgirpc" "$@" >"$work/out" 2>"$work/err" <"$work/in"
    got=$?
    out=$(cat "$work/out") err=$(cat "$work/err")
    [ "$got" = "$want" ] || fail "$name" "exit status $got instead of $want: $err"
}

pass() {
    passed=$((passed + 1))
}

fail() {
    failed=$((failed + 1))
    echo "FAIL $1: $2"
}

# is NAME WHAT EXPECTED
is() {
    if [ "$2" = "$3" ]; then pass; else fail "$1" "got: $2 -- expected: $3"; fi
}

# has NAME WHAT PART
has() {
    case $2 in
    *"$3"*) pass ;;
    *) fail "$1" "got: $2 -- expected in it: $3" ;;
    esac
}

: >"$work/in"

# ---- help and usage ----

check help 0 --help
has help "$out" "vgirpc call exec:./hello hello name=World"
for command in describe call stream shm; do
    check "$command help" 0 "$command" --help
    has "$command help" "$out" "Usage: vgirpc $command"
    has "$command help" "$out" "--timeout SECONDS"
done
check version 0 --version
has version "$out" "vgirpc 0."
check 'no command' 2
check 'unknown command' 2 frobnicate
check 'unknown option' 2 call "$hello" hello --frobnicate
is 'unknown option' "$err" "error: unknown option --frobnicate (see vgirpc call --help)"
check 'missing operand' 2 call "$hello"
check 'bad number' 2 call "$hello" hello --bench many
is 'bad number' "$err" 'error: --bench takes a whole number, at least 1, and not "many"'
check 'bad parameter' 2 call "$hello" hello World
is 'bad parameter' "$err" "error: a parameter is name=value and not World"
check 'both kinds' 2 call "$hello" hello name=World --json '{}'

# ---- targets ----

check 'no target' 2 call nowhere hello
has 'no target' "$err" "write exec:COMMAND, unix:PATH or http://HOST:PORT"
check 'unknown scheme' 2 describe ftp://example.org/
has 'unknown scheme' "$err" "exec:, unix:, http:// and https:// only"
check 'bad URL' 2 describe 'http://example.org/?x'
has 'bad URL' "$err" "http://host:port/prefix"
check 'HTTP options for a program' 2 call "$hello" hello --http-header 'X: y'
has 'HTTP options for a program' "$err" "http://host:port/prefix"
check 'bad header' 2 call http://localhost:1 hello -H 'no colon'
is 'bad header' "$err" 'error: "no colon" is not of the form "Name: value"'
check 'no server' 1 call http://127.0.0.1:1 hello
has 'no server' "$err" "error: 127.0.0.1:1: "
check 'no program' 1 call exec:/nonexistent/worker hello
has 'no program' "$err" "error: /nonexistent/worker"
check 'no worker' 1 call exec:true hello
is 'no worker' "$err" "error: the worker exited with status 0 before it answered"
check 'dead worker' 1 call "exec:sh -c 'exit 3'" hello
is 'dead worker' "$err" "error: the worker exited with status 3 before it answered"
check 'killed worker' 1 call "exec:sh -c 'kill -9 \$\$'" hello
has 'killed worker' "$err" "error: the worker was ended by signal 9 ("
check 'silent worker' 1 call 'exec:sleep 5' hello --timeout 0.2
has 'silent worker' "$err" "200 ms"
check 'not a worker' 1 call 'exec:echo hello' hello
has 'not a worker' "$err" "error: "

# A worker whose only answer is a log with what could steer a terminal.
if "$python" -c 'import pyarrow' 2>/dev/null; then
    cat >"$work/logger.py" <<'END'
import sys
import pyarrow as pa, pyarrow.ipc as ipc

schema = pa.schema([])
log = {"vgi_rpc.log_level": "INFO", "vgi_rpc.log_message": b"a\x1b[2Jb\xffc\xc2\x9bd\xc0\x9b"}
with ipc.new_stream(sys.stdout.buffer, schema) as writer:
    batch = pa.RecordBatch.from_pylist([], schema=schema)
    writer.write_batch(batch, custom_metadata=log)
sys.stdout.flush()
sys.stdin.buffer.read()
END
    check 'hostile log' 1 describe "exec:$python $work/logger.py"
    replaced=$(printf '\357\277\275')
    has 'hostile log' "$err" "info: a [2Jb${replaced}c d$replaced$replaced"
else
    skipped=$((skipped + 1))
fi

# ---- describe ----

check describe 0 describe "$conformance"
has describe "$out" "ConformanceService"
has describe "$out" "add_floats(a: double, b: double) -> double"
check 'describe one' 0 describe "$conformance" echo_optional_string
has 'describe one' "$out" "value: string?"
check 'describe json' 0 describe "$conformance" add_floats --json
has 'describe json' "$out" '{"name":"add_floats","kind":"unary","params":[{"name":"a","type":"double","nullable":false}'
check 'describe nothing' 1 describe "$conformance" no_such_method
is 'describe nothing' "$err" "error: ConformanceService has no method no_such_method"

# ---- call ----

check call 0 call "$hello" hello name=World greeting=Hi
is call "$out" '{"result":"Hi, World!"}'
check 'json parameters' 0 call "$conformance" add_floats --json '{"a": 1.5, "b": 2}'
is 'json parameters' "$out" '{"result":3.5}'
echo '{"a": 1, "b": 2}' >"$work/in"
check 'json from stdin' 0 call "$conformance" add_floats --json -
is 'json from stdin' "$out" '{"result":3.0}'
check 'json from a file' 0 call "$conformance" add_floats --json "@$work/in"
is 'json from a file' "$out" '{"result":3.0}'
: >"$work/in"
check table 0 call "$conformance" echo_int value=42 --format table
is table "$out" "result
------
    42"
check arrow 0 call "$conformance" echo_int value=42 --format arrow
is 'arrow ends' "$(tail -c 8 "$work/out" | od -An -tx1 | tr -d ' ')" ffffffff00000000
check nested 0 call "$conformance" echo_nested_list 'matrix=[[1,2],[3]]'
is nested "$out" '{"result":[[1,2],[3]]}'
check map 0 call "$conformance" echo_dict 'mapping={"a":1,"b":2}'
is map "$out" '{"result":{"a":1,"b":2}}'
check date 0 call "$conformance" echo_date value=2024-02-29
is date "$out" '{"result":"2024-02-29"}'
check enum 0 call "$conformance" echo_enum status=ACTIVE
is enum "$out" '{"result":"ACTIVE"}'
check decimal 0 call "$conformance" echo_decimal value=12.5
has decimal "$out" '12.5'
check 'optional left out' 0 call "$conformance" echo_optional_string
is 'optional left out' "$out" '{"result":null}'
check void 0 call "$conformance" void_noop
is void "$out" '{}'
check logs 0 call "$conformance" echo_with_info_log value=x
is logs "$out" '{"result":"x"}'
has logs "$err" "info: "
check 'wrong type' 2 call "$conformance" echo_int value=many
is 'wrong type' "$err" 'error: value: "many" does not fit int64'
check 'half a list' 2 call "$conformance" echo_nested_list 'matrix=[[1,a]]'
is 'half a list' "$err" 'error: a list, map or struct is written as JSON: matrix'
check 'more than a list' 2 call "$conformance" echo_nested_list 'matrix=[[1]],"x":2'
is 'more than a list' "$err" 'error: a list, map or struct is written as JSON: matrix'
check 'two lists' 2 call "$conformance" echo_nested_list 'matrix=[[1]],[[2]]'
is 'two lists' "$err" 'error: a list, map or struct is written as JSON: matrix'
check 'blanks around a list' 0 call "$conformance" echo_nested_list 'matrix= [[1, 2]] '
is 'blanks around a list' "$out" '{"result":[[1,2]]}'
check 'no list' 2 call "$conformance" echo_nested_list matrix=1
has 'no list' "$err" 'error: matrix: 1 does not fit list<'
check 'no text' 2 call "$conformance" echo_string "value=$(printf 'a\377')"
is 'no text' "$err" 'error: this value is no UTF-8: value'
check 'protocol version' 0 call "$conformance" echo_string value=a --protocol-version 2.0.0
is 'protocol version' "$out" '{"result":"a"}'
check 'other protocol version' 1 call "$conformance" echo_string value=a --protocol-version 9.0.0
has 'other protocol version' "$err" '9.0.0'
check 'unknown parameter' 2 call "$conformance" echo_int value=1 other=2
is 'unknown parameter' "$err" 'error: there is no parameter other'
check 'half an object' 2 call "$conformance" echo_int --json '{'
has 'half an object' "$err" 'error: bad JSON'
check 'no JSON' 2 call "$conformance" echo_nested_list matrix=x
is 'no JSON' "$err" 'error: a list, map or struct is written as JSON: matrix'
check failure 1 call "$conformance" raise_value_error 'message=it broke'
is failure "$err" "error: ValueError: it broke"
check 'verbose failure' 1 call "$conformance" raise_value_error 'message=it broke' -v
has 'verbose failure' "$err" "Traceback"
check 'no method' 1 call "$conformance" no_such_method
has 'no method' "$err" "has no method no_such_method"
check 'call of a stream' 2 call "$conformance" produce_n count=3
has 'call of a stream' "$err" "use vgirpc stream"
check bench 0 call "$conformance" void_noop --bench 50
has bench "$out" "50 calls: p50 "
check 'bench json' 0 call "$conformance" void_noop --bench 50 --format json
has 'bench json' "$out" '{"calls":50,"p50_us":'

# ---- stream ----

check producer 0 stream "$streams" count_up count=3
is producer "$out" '{"index":0,"value":0}
{"index":1,"value":10}
{"index":2,"value":20}'
check 'producer table' 0 stream "$streams" count_up count=2 --format table
is 'producer table' "$out" "index  value
-----  -----
    0      0
    1     10"
check limit 0 stream "$conformance" produce_n count=1000000 --limit 2
is limit "$out" '{"index":0,"value":0}
{"index":1,"value":10}'
check header 0 stream "$conformance" produce_with_header count=1 --header
is header "$out" '{"total_expected":1,"description":"producing 1 batches"}
{"index":0,"value":0}'
check 'failing stream' 1 stream "$conformance" produce_error_mid_stream emit_before_error=1
is 'failing stream' "$err" "error: RuntimeError: intentional error after 1 batches"
check 'refused stream' 1 stream "$conformance" produce_error_on_init
has 'refused stream' "$err" "error: RuntimeError"
printf '{"value": 1.5}\n\n{"value": 2}\n' >"$work/in"
check exchange 0 stream "$streams" scale factor=2 --input - --schema value:float64
is exchange "$out" '{"value":3.0}
{"value":4.0}'
check 'exchange from a file' 0 stream "$streams" scale factor=2 --input "$work/in"
has 'exchange from a file' "$out" '{"value":3.0}'
printf '{"value": 1.5}\n{"value": "x"}\n' >"$work/in"
check 'bad line' 1 stream "$streams" scale factor=2 --input -
is 'bad line' "$err" 'error: stdin line 2: $.value: "x" does not fit double'
check 'no file' 1 stream "$streams" scale factor=2 --input /nonexistent
has 'no file' "$err" "error: /nonexistent: "
: >"$work/in"
check 'stream of a call' 2 stream "$conformance" echo_int value=1
has 'stream of a call' "$err" "use vgirpc call"
check 'arrow stream' 0 stream "$streams" count_up count=3 --format arrow
is 'arrow stream ends' "$(tail -c 8 "$work/out" | od -An -tx1 | tr -d ' ')" ffffffff00000000
if "$python" -c 'import pyarrow' 2>/dev/null; then
    is 'arrow stream is read by others' "$("$python" -c '
import sys, pyarrow.ipc
print(pyarrow.ipc.open_stream(sys.argv[1]).read_all()["value"].to_pylist())' "$work/out")" \
        '[0, 10, 20]'
else
    skipped=$((skipped + 1))
fi

# ---- a socket ----

"$bin/vgirpc-conformance-worker" --unix "$work/sock" >"$work/listening" 2>&1 &
worker=$!
for _ in 1 2 3 4 5 6 7 8 9 10; do
    [ -s "$work/listening" ] && break
    sleep 0.1
done
check unix 0 call "unix:$work/sock" echo_string value=hello
is unix "$out" '{"result":"hello"}'
kill "$worker"
wait "$worker" 2>/dev/null
check 'nobody listens' 1 call "unix:$work/sock" echo_string value=hello
has 'nobody listens' "$err" "error: "

# ---- HTTP through a socket; tests/http/client.py has the rest ----

if "$bin/vgirpc-conformance-worker" --help | grep -q -- --http-unix; then
    "$bin/vgirpc-conformance-worker" --http --http-unix "$work/http" >"$work/listening" 2>&1 &
    worker=$!
    for _ in 1 2 3 4 5 6 7 8 9 10; do
        grep -q UNIX: "$work/listening" && break
        sleep 0.1
    done
    check http 0 call http://worker echo_string value=hello --unix-socket "$work/http"
    is http "$out" '{"result":"hello"}'
    check 'http stream' 0 stream http://worker produce_n count=2 --unix-socket "$work/http"
    is 'http stream' "$out" '{"index":0,"value":0}
{"index":1,"value":10}'
    kill "$worker"
    wait "$worker" 2>/dev/null
else
    skipped=$((skipped + 1))
fi

# ---- shared memory; tests/shm/client.py has the rest ----

check 'bad size' 2 call "$hello" hello --shm 12X
is 'bad size' "$err" 'error: --shm takes a number of bytes such as 65536, 64K, 64M or 1G and not "12X"'
check 'too small' 2 call "$hello" hello --shm 64K
has 'too small' "$err" "the header of a segment alone takes 65536"
check 'shm' 0 call "$hello" hello name=World --shm 1M
is 'shm' "$out" '{"result":"Hello, World!"}'
check 'shm without dump' 2 shm list x
check 'no segment' 1 shm dump vgirpc-none
has 'no segment' "$err" "vgirpc-none"
check 'no name' 1 shm dump a/b
has 'no name' "$err" "is no name of a shared-memory segment"

echo "$passed passed, $failed failed, $skipped skipped"
[ "$failed" = 0 ]
