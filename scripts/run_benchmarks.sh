#!/usr/bin/env bash
# `make bench`: run everything in benchmarks/. Each prints one line per figure: name, value, goal, `met` or `not met`.
# Files that begin with an underscore are parts of others.
set -uo pipefail
cd "$(dirname "$0")/.."
PATH="$PWD/.venv/bin:$PATH"

trap 'python scripts/services.py stop' EXIT
services="$(python scripts/services.py start)" || exit 1
eval "$services"

status=0
for benchmark in benchmarks/[a-z]*.py; do
    name="$(basename "$benchmark" .py)"
    python -m "benchmarks.$name" || status=1
done
exit $status
