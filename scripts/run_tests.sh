#!/usr/bin/env bash
# `make test`: everything that CI runs, in the order of what fails fastest. All steps run even if one fails, so that one
# run shows all there is to mend; the exit status is 0 only if every step passed.
set -uo pipefail
cd "$(dirname "$0")/.."
PATH="$PWD/.venv/bin:$PATH"
export PYTHONDONTWRITEBYTECODE=1

failed=()
step() {
    local name="$1" began=$SECONDS
    shift
    printf '\n== %s\n' "$name"
    "$@" || failed+=("$name")
    printf '== %s took %d s\n' "$name" $((SECONDS - began))
}

mkdir -p var
trap 'python scripts/services.py stop' EXIT
services="$(python scripts/services.py start)" || exit 1
eval "$services"

step "ruff" ruff check .
step "ruff format" ruff format --check .
step "mypy" mypy
step "import-linter" lint-imports
step "migrations are complete" python manage.py makemigrations --check --dry-run --settings identity_platform.settings.test
step "check --deploy" python -m tests.production.environment check --deploy --fail-level WARNING

# A test that waits for ever would be killed without a word by whoever runs this; so it ends here, with its step's name.
patiently="timeout --kill-after=30 1500"
step "tests on PostgreSQL and Redis" $patiently pytest -n 2 -m "not browser and not processes"
step "tests with real processes and browsers" $patiently pytest -m "(browser or processes) and not journey"
step "journey and smoke on SQLite" env TEST_DATABASE=sqlite $patiently pytest -m "sqlite or journey"

printf '\nAll steps took %d s.\n' "$SECONDS"
if ((${#failed[@]})); then
    printf 'Failed: %s\n' "${failed[@]}"
    exit 1
fi
echo "Every step passed."
