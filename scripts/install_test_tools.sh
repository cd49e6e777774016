#!/bin/sh
# What the tests need beyond Python: a browser, PostgreSQL, Redis, and the peers that come from npm. Installs only what
# is missing; as somebody other than root it says what to install and stops.
set -eu
cd "$(dirname "$0")/.."

has() { command -v "$1" > /dev/null 2>&1; }

missing=
has chromium || has google-chrome || has chromium-browser || missing="$missing chromium fonts-liberation"
has redis-server || missing="$missing redis-server"
has initdb || ls /usr/lib/postgresql/*/bin/initdb > /dev/null 2>&1 || missing="$missing postgresql"
has node || missing="$missing nodejs"
has npm || missing="$missing npm"

if [ -n "$missing" ]; then
    if [ "$(id -u)" -ne 0 ] || ! has apt-get; then
        echo "The tests need programs that are not installed. On Debian, as root: apt-get install$missing" >&2
        exit 1
    fi
    echo "Installing$missing"
    log="$(mktemp)"
    # A package list of a new machine is empty or old. Services are started by scripts/services.py, for the tests alone.
    # shellcheck disable=SC2086 # the list is meant to be split
    if ! { apt-get update && DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends $missing; } \
        > "$log" 2>&1 < /dev/null; then
        tail -n 40 "$log" >&2
        exit 1
    fi
    rm -f "$log"
fi

peers=tests/peers
lock="$(sha256sum $peers/package-lock.json | cut -d ' ' -f 1)"
if [ "$(cat $peers/node_modules/.lock 2> /dev/null)" != "$lock" ]; then
    echo "Installing the test peers of $peers"
    (cd $peers && npm ci --no-audit --no-fund --loglevel=error < /dev/null)
    echo "$lock" > $peers/node_modules/.lock
fi
