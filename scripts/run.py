"""`make run`: prepare what is missing, say where to go and who can sign in, then run everything until Ctrl-C.

Nothing but the virtual environment is needed: SQLite, a broker made of files, and the demo world on loopback. Data lies
in var/ (VAR_DIR); each step may be repeated, so a second run finds everything as the first one left it.
"""

import asyncio
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from contextlib import suppress
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
VAR = Path(os.environ.get("VAR_DIR") or ROOT / "var").resolve()
WEB_PORT = int(os.environ.get("WEB_PORT") or 8000)
DEMO_PORT = int(os.environ.get("DEMO_PORT") or 8001)
DEMO_DNS_PORT = int(os.environ.get("DEMO_DNS_PORT") or 8053)
# gunicorn serves TLS if it is given a certificate (TLS_CERTIFICATE_FILE, TLS_KEY_FILE).
SCHEME = "https" if os.environ.get("TLS_CERTIFICATE_FILE") else "http"

# How long a request or task under way may take to finish after Ctrl-C.
STOP_SECONDS = 8

ENVIRONMENT = {
    **os.environ,
    "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', os.defpath)}",
    "PYTHONUNBUFFERED": "1",
    "DJANGO_SETTINGS_MODULE": "identity_platform.settings.dev",
    "VAR_DIR": str(VAR),
    "PUBLIC_URL": f"{SCHEME}://localhost:{WEB_PORT}",
    "DEMO_URL": f"http://127.0.0.1:{DEMO_PORT}",
    "DEMO_DNS_PORT": str(DEMO_DNS_PORT),
    "WEB_BIND": f"127.0.0.1:{WEB_PORT}",
    "WEB_WORKERS": "1",
    "LOG_FORMAT": "text",
    # Celery warns root because of pickled messages; ours are JSON, and a container to try this out in is often root's.
    "PYTHONWARNINGS": "ignore:You're running the worker with superuser privileges",
}


def main() -> int:
    watch_make()
    ensure_ports_are_free()
    for folder in ("broker", "broker-control"):
        (VAR / folder).mkdir(parents=True, exist_ok=True)
    for command in ("migrate --verbosity 0", "load_products", "seed_demo"):
        if manage(command):
            return 1
    print(f"\nThe platform runs at {ENVIRONMENT['PUBLIC_URL']} . Ctrl-C stops everything.\n", flush=True)
    if manage("show_cast"):
        return 1
    return asyncio.run(run_processes())


def manage(command: str) -> int:
    """Run one management command; the result is its exit status."""
    return subprocess.run(
        [sys.executable, "manage.py", *command.split()], cwd=ROOT, env=ENVIRONMENT, check=False
    ).returncode


async def run_processes() -> int:
    """Run the Procfile until a signal comes, which gives 0, or until one process ends, which ends the others."""
    told_to_stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        # On the loop, never in the middle of a write: a signal may come twice, from the terminal and from watch_make.
        asyncio.get_running_loop().add_signal_handler(number, told_to_stop.set)
    processes = {name: await start(command) for name, command in procfile().items()}
    width = max(map(len, processes))
    relays = [asyncio.create_task(relay(name.ljust(width), process)) for name, process in processes.items()]
    waits = {asyncio.create_task(process.wait()): name for name, process in processes.items()}
    ended, _ = await asyncio.wait(
        [asyncio.create_task(told_to_stop.wait()), *waits], return_when=asyncio.FIRST_COMPLETED
    )
    for wait in ended & waits.keys():
        print(f"{waits[wait]} ended with status {wait.result()}", flush=True)
    await stop(processes.values())
    for task in relays:
        task.cancel()
    if told_to_stop.is_set():
        return 0
    return max(wait.result() for wait in ended & waits.keys()) or 1


def procfile() -> dict[str, str]:
    """The processes by name, each with its shell command."""
    lines = (ROOT / "Procfile").read_text().splitlines()
    return {name: command.strip() for name, _, command in (line.partition(":") for line in lines if line.strip())}


async def start(command: str) -> asyncio.subprocess.Process:
    """Start a command in a session of its own, so that a terminal's Ctrl-C reaches it only through `stop`."""
    return await asyncio.create_subprocess_shell(
        command,
        cwd=ROOT,
        env=ENVIRONMENT,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
        start_new_session=True,
        limit=2**20,
    )


async def relay(name: str, process: asyncio.subprocess.Process) -> None:
    """Print what a process says, each line behind its name."""
    print(f"{name} | {name.strip()} started (pid {process.pid})", flush=True)
    assert process.stdout is not None  # noqa: S101 - `start` pipes it; for the type checker
    while line := await process.stdout.readline():
        print(f"{name} | {line.decode(errors='replace').rstrip()}", flush=True)


async def stop(processes) -> None:
    """Ask every process to end, and its children with it; kill what is still there after STOP_SECONDS."""
    for process in processes:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGTERM)
    with suppress(TimeoutError):
        await asyncio.wait_for(asyncio.gather(*(process.wait() for process in processes)), STOP_SECONDS)
    for process in processes:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)


def ensure_ports_are_free() -> None:
    """Say which port is taken before anything is started, instead of a traceback from one of four processes."""
    for variable, port, kind, purpose in (
        ("WEB_PORT", WEB_PORT, socket.SOCK_STREAM, "the platform"),
        ("DEMO_PORT", DEMO_PORT, socket.SOCK_STREAM, "the demo's identity provider, DNS page and mailbox"),
        ("DEMO_DNS_PORT", DEMO_DNS_PORT, socket.SOCK_STREAM, "the demo's name server"),
        ("DEMO_DNS_PORT", DEMO_DNS_PORT, socket.SOCK_DGRAM, "the demo's name server"),
    ):
        with socket.socket(socket.AF_INET, kind) as probe:
            if kind == socket.SOCK_STREAM:
                # Without it, connections that the last run closed would look like somebody listening.
                probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError as error:
                raise SystemExit(
                    f"Port {port}, for {purpose}, can't be used: {error.strerror}.\n"
                    f"Is it running already? Else choose another one, for instance: make run {variable}={port + 10}"
                ) from None


def watch_make() -> None:
    """Stop when `make` is gone, or is itself waiting for us to stop.

    A terminal's Ctrl-C reaches us directly. Whoever sends SIGINT to make alone finds that GNU make tells its children
    nothing: it stops catching the signal and waits for them, for ever. That is visible in /proc.
    """
    parent = os.getppid()
    status = Path(f"/proc/{parent}/status")
    if not status.exists() or "Name:\tmake" not in status.read_text():
        return

    def watch() -> None:
        while os.getppid() == parent and _catches_interrupts(status):
            time.sleep(0.5)
        os.kill(os.getpid(), signal.SIGINT)

    threading.Thread(target=watch, daemon=True).start()


def _catches_interrupts(status: Path) -> bool:
    """Whether the process of this /proc status still has a handler for SIGINT."""
    try:
        lines = dict(line.split(":\t", 1) for line in status.read_text().splitlines() if ":\t" in line)
    except OSError:
        return False
    return bool(int(lines["SigCgt"], 16) & 1 << (signal.SIGINT - 1))


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit(128 + signal.SIGINT)
