#!/bin/sh
# Make .venv, or leave it alone if it already has what the lock asks for.
#
#   scripts/make_venv.sh demo    what `make run` needs
#   scripts/make_venv.sh test    what `make test` needs; everything of demo is part of it
#
# Needs Python 3.11 with venv and nothing else. Each lock that is installed leaves its checksum in .venv/locks, so a
# second run does nothing and needs no network.
set -eu
cd "$(dirname "$0")/.."

lock="requirements/$1.txt"
noted=".venv/locks"

fail() {
    printf '%s\n' "$@" >&2
    exit 1
}

checksum() { sha256sum "requirements/$1.txt" | cut -d ' ' -f 1; }

venv_works() { .venv/bin/python -c 'import pip, sys; sys.exit(sys.version_info[:2] != (3, 11))' 2>/dev/null; }

if venv_works && grep -qsx "$(checksum "$1")" "$noted"; then
    exit 0
fi

python=
for candidate in ${PYTHON:-python3.11 python3 python}; do
    if "$candidate" -c 'import sys; sys.exit(sys.version_info[:2] != (3, 11))' 2>/dev/null; then
        python="$candidate"
        break
    fi
done
[ -n "$python" ] || fail "This needs Python 3.11, which is not on the PATH." \
    "On Debian 12: apt-get install python3 python3-venv    (or name it: make PYTHON=/path/to/python3.11 ...)"
"$python" -c 'import ensurepip, venv' 2>/dev/null || fail "$python comes without venv and ensurepip." \
    "On Debian: apt-get install python3-venv"

if ! venv_works; then
    echo "Making .venv"
    rm -rf .venv
    "$python" -m venv .venv
fi

echo "Installing $lock into .venv"
rm -f "$noted"
.venv/bin/python -m pip install --quiet --disable-pip-version-check --no-input --require-hashes -r "$lock" ||
    fail "The packages of $lock could not be installed; the lines above say why. Nothing else was changed."

checksum "$1" > "$noted"
# Every pin of the smaller lock stands in the larger one too (tests/production/test_locks.py).
if [ "$1" = test ]; then
    checksum demo >> "$noted"
fi
