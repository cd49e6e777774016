"""PostgreSQL and Redis for `make test` and `make bench`: those that run already, else private ones.

    services.py start    prints `export NAME=value` lines for the shell: where both are
    services.py stop     stops what start has started

A server counts as found if it lets us in without a password (PostgreSQL: as somebody who may create databases). Private
ones keep their files under VAR_DIR (var/); as root, PostgreSQL's lie in a temporary folder, because it refuses to run
as root and its own user may not be able to reach this checkout.
"""

import getpass
import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import NamedTuple

import psycopg2

ROOT = Path(__file__).resolve().parents[1]
VAR = Path(os.environ.get("VAR_DIR") or ROOT / "var").resolve()
STARTED = VAR / "services.json"

REDIS_DATABASE = 15  # the tests empty it, so not the one that somebody else most likely uses


class Postgresql(NamedTuple):
    host: str
    port: str
    user: str
    password: str = ""


def main(arguments: list[str]) -> int:
    if arguments == ["stop"]:
        stop()
        return 0
    if arguments != ["start"]:
        print(__doc__, file=sys.stderr)
        return 2
    stop()  # what an interrupted run may have left
    postgresql = find_postgresql() or start_postgresql()
    redis = find_redis() or start_redis()
    for name, value in (
        ("POSTGRES_HOST", postgresql.host),
        ("POSTGRES_PORT", postgresql.port),
        ("POSTGRES_USER", postgresql.user),
        ("POSTGRES_PASSWORD", postgresql.password),
        ("REDIS_URL", redis),
    ):
        print(f"export {name}='{value}'")
    return 0


def find_postgresql() -> Postgresql | None:
    """One that the environment names, or one at the usual places that asks for no password."""
    if host := os.environ.get("POSTGRES_HOST"):
        named = Postgresql(
            host,
            os.environ.get("POSTGRES_PORT") or "5432",
            os.environ.get("POSTGRES_USER") or "postgres",
            os.environ.get("POSTGRES_PASSWORD") or "",
        )
        if not _may_create_databases(named):
            raise SystemExit(f"POSTGRES_HOST names {host}, but nobody there lets {named.user} create databases.")
        return named
    users = ("postgres", getpass.getuser())
    places = [Postgresql(host, "5432", user) for host in ("127.0.0.1", "/var/run/postgresql") for user in users]
    return next((place for place in places if _may_create_databases(place)), None)


def find_redis() -> str | None:
    """The URL that the environment names, or one on the usual port."""
    if url := os.environ.get("REDIS_URL"):
        return url
    return f"redis://127.0.0.1:6379/{REDIS_DATABASE}" if _redis_answers(6379) else None


def start_postgresql() -> Postgresql:
    """A private server on a free port of loopback, without the caution that only real data needs."""
    programs = _postgresql_programs()
    as_root = os.geteuid() == 0
    folder = Path(tempfile.mkdtemp(prefix="identity-postgresql-")) if as_root else VAR / "postgresql"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    if as_root:
        shutil.chown(folder, "postgres")
    prefix = ["runuser", "-u", "postgres", "--"] if as_root else []
    port = str(_free_port())
    data = folder / "data"
    _run([*prefix, programs / "initdb", "-D", data, "-U", "postgres", "--auth=trust", "--encoding=UTF8", "--no-sync"])
    note_started([*prefix, f"{programs}/pg_ctl", "-D", f"{data}", "-m", "immediate", "stop"], folder=folder)
    options = (
        f"-c port={port} -c listen_addresses=127.0.0.1 -c unix_socket_directories={folder} "
        "-c fsync=off -c synchronous_commit=off -c full_page_writes=off -c max_connections=200"
    )
    _run([*prefix, programs / "pg_ctl", "-D", data, "-l", folder / "log", "-o", options, "-w", "start"])
    return Postgresql("127.0.0.1", port, "postgres")


def start_redis() -> str:
    """A private server on a free port of loopback that keeps nothing."""
    program = shutil.which("redis-server")
    if program is None:
        raise SystemExit("There is no redis-server. On Debian: apt-get install redis-server")
    port = _free_port()
    folder = Path(tempfile.mkdtemp(prefix="identity-redis-"))
    pid_file = folder / "pid"
    note_started(["sh", "-c", f"kill $(cat {pid_file})"], folder=folder)
    where = ["--bind", "127.0.0.1", "--port", f"{port}", "--dir", f"{folder}", "--pidfile", f"{pid_file}"]
    _run([program, *where, "--daemonize", "yes", "--save", "", "--appendonly", "no", "--logfile", f"{folder}/log"])
    for _ in range(50):
        if _redis_answers(port):
            return f"redis://127.0.0.1:{port}/{REDIS_DATABASE}"
        time.sleep(0.1)
    raise SystemExit(f"The private Redis doesn't answer:\n{(folder / 'log').read_text()}")


def note_started(command: list[str], *, folder: Path) -> None:
    """Remember, before starting it, how a server is stopped and which folder goes with it."""
    VAR.mkdir(parents=True, exist_ok=True)
    noted = json.loads(STARTED.read_text()) if STARTED.exists() else []
    STARTED.write_text(json.dumps([*noted, {"command": command, "folder": str(folder)}]))


def stop() -> None:
    """Stop what was noted. May be repeated; a server that is gone already is fine."""
    if not STARTED.exists():
        return
    for server in json.loads(STARTED.read_text()):
        subprocess.run(server["command"], check=False, capture_output=True)
        shutil.rmtree(server["folder"], ignore_errors=True)
    STARTED.unlink()


def _may_create_databases(place: Postgresql) -> bool:
    try:
        connection = psycopg2.connect(
            host=place.host,
            port=place.port,
            user=place.user,
            password=place.password,
            dbname="postgres",
            connect_timeout=3,
        )
    except psycopg2.OperationalError:
        return False
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT rolsuper OR rolcreatedb FROM pg_roles WHERE rolname = current_user")
            return bool(cursor.fetchone()[0])
    finally:
        connection.close()


def _redis_answers(port: int) -> bool:
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=2) as connection:
            connection.sendall(b"PING\r\n")
            return connection.recv(16).startswith(b"+PONG")
    except OSError:
        return False


def _postgresql_programs() -> Path:
    """Debian keeps initdb and pg_ctl off the PATH, in a folder for each version; the newest wins."""
    if program := shutil.which("initdb"):
        return Path(program).resolve().parent
    folders = [path.parent for path in Path("/usr/lib/postgresql").glob("*/bin/initdb")]
    if not folders:
        raise SystemExit("There is no PostgreSQL server. On Debian: apt-get install postgresql")
    return max(folders, key=lambda folder: int(folder.parent.name))


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _run(command: list[str | Path]) -> None:
    """Run a command that is expected to work; its output is shown if it doesn't."""
    done = subprocess.run(command, check=False, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    if done.returncode:
        raise SystemExit(f"{command[0]} failed:\n{done.stdout}")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
