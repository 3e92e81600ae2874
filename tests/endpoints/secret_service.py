"""A Secret Service of our own: a private D-Bus session bus and gnome-keyring-daemon in an empty home."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import tempfile
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from jeepney import DBusAddress, new_method_call
from jeepney.io.blocking import open_dbus_connection

from tests.support.programs import path_of

# No <servicedir>: nothing is started by the bus, no other daemon and no prompter on a screen.
_BUS = """<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN"
 "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd"><busconfig><type>session</type>
<listen>unix:path={socket}</listen>{services}<auth>EXTERNAL</auth><policy context="default">
<allow send_destination="*" eavesdrop="true"/><allow eavesdrop="true"/><allow own="*"/></policy></busconfig>"""

NAME = "org.freedesktop.secrets"
PROMPTER = "org.gnome.keyring.SystemPrompter"


class SecretService:
    """Bus and keyring daemon, started and stopped by pid; `environ` leads programs to them and nowhere else."""

    def __init__(self) -> None:
        self.root = Path(tempfile.mkdtemp(prefix="ss"))  # a socket's path has 108 bytes at most
        for name in ("home", "run", "ctl", "services"):
            (self.root / name).mkdir(mode=0o700)
        home = self.root / "home"
        self.environ = {
            "PATH": os.environ["PATH"],
            "LANG": "C.UTF-8",
            "HOME": str(home),
            "XDG_RUNTIME_DIR": str(self.root / "run"),
            "XDG_DATA_HOME": f"{home}/.local/share",
            "XDG_CONFIG_HOME": f"{home}/.config",
            "XDG_CACHE_HOME": f"{home}/.cache",
            "DBUS_SESSION_BUS_ADDRESS": "disabled:",
        }
        self._activated = self.root / "activated.pid"
        self.processes: dict[str, subprocess.Popen[bytes]] = {}

    def start_bus(self, *, never_ready: bool = False) -> None:
        """Start the bus; with `never_ready` it would start a Secret Service that never takes its name."""
        socket, config = self.root / "bus", self.root / "bus.conf"
        services = ""
        if never_ready:
            program = self.root / "never-ready"
            program.write_text(f"#!/bin/sh\necho $$ >{self._activated}\nexec sleep 600\n")
            program.chmod(0o700)
            service = f"[D-BUS Service]\nName={NAME}\nExec={program}\n"
            (self.root / "services" / f"{NAME}.service").write_text(service)
            services = f"<servicedir>{self.root / 'services'}</servicedir>"
        config.write_text(_BUS.format(socket=socket, services=services))
        self._start("bus", [str(path_of("dbus-daemon")), "--nofork", f"--config-file={config}"])
        wait_for(socket.exists)
        self.environ["DBUS_SESSION_BUS_ADDRESS"] = f"unix:path={socket}"

    def start_keyring(self, passphrase: str = "") -> None:
        """Start the daemon: open with `passphrase`, without it locked, or without a keyring in a fresh home."""
        command = [str(path_of("gnome-keyring-daemon")), "--foreground", "--components=secrets"]
        command += [f"--control-directory={self.root / 'ctl'}", *(["--unlock"] if passphrase else [])]
        self._start("keyring", command, passphrase.encode())
        wait_for(lambda: self._call("NameHasOwner", NAME))

    def lock(self) -> None:
        """Start the daemon anew without the passphrase, as after a restart of the host."""
        self.stop("keyring")
        wait_for(lambda: not self._call("NameHasOwner", NAME))
        self.start_keyring()

    def freeze(self) -> None:
        """Stop the daemon from answering."""
        os.kill(self.processes["keyring"].pid, signal.SIGSTOP)

    def thaw(self) -> None:
        """Let the daemon go on."""
        os.kill(self.processes["keyring"].pid, signal.SIGCONT)

    def stop(self, name: str) -> None:
        process = self.processes.pop(name)
        if process.poll() is None:
            os.kill(process.pid, signal.SIGCONT)
            process.terminate()
            try:
                process.wait(5)
            except subprocess.TimeoutExpired:
                process.kill()
        process.wait(5)

    def close(self) -> None:
        for name in reversed(list(self.processes)):
            self.stop(name)
        if self._activated.exists():  # started by the bus, not by us
            with suppress(ProcessLookupError):
                os.kill(int(self._activated.read_text()), signal.SIGKILL)
        shutil.rmtree(self.root)

    def files(self) -> list[Path]:
        """Every file the daemons wrote."""
        return [path for path in self.root.rglob("*") if path.is_file()]

    def _start(self, name: str, command: list[str], given: bytes = b"") -> None:
        with (self.root / f"{name}.log").open("ab") as log:
            process = subprocess.Popen(
                command, env=self.environ, stdin=subprocess.PIPE, stdout=log, stderr=log, start_new_session=True
            )
        self.processes[name] = process
        assert process.stdin is not None
        process.stdin.write(given)
        process.stdin.close()

    def _call(self, method: str, argument: str) -> object:
        address = self.environ["DBUS_SESSION_BUS_ADDRESS"]
        bus = DBusAddress("/org/freedesktop/DBus", "org.freedesktop.DBus", "org.freedesktop.DBus")
        with open_dbus_connection(address) as connection:
            return connection.send_and_get_reply(new_method_call(bus, method, "s", (argument,)), timeout=5).body[0]


class SilentPrompter:
    """Owns the name of the system's prompter and counts who wanted a prompt; it never shows or finishes one."""

    def __init__(self, service: SecretService) -> None:
        self.calls: list[str] = []
        self._connection = open_dbus_connection(service.environ["DBUS_SESSION_BUS_ADDRESS"])
        bus = DBusAddress("/org/freedesktop/DBus", "org.freedesktop.DBus", "org.freedesktop.DBus")
        self._connection.send_and_get_reply(new_method_call(bus, "RequestName", "su", (PROMPTER, 0)), timeout=5)
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def close(self) -> None:
        self._ended.set()
        self._thread.join()
        self._connection.close()

    def _serve(self) -> None:
        from jeepney import HeaderFields, MessageType, new_method_return

        while not self._ended.is_set():
            try:
                message = self._connection.receive(timeout=0.05)
            except TimeoutError:
                continue
            if message.header.message_type == MessageType.method_call:
                self.calls.append(str(message.header.fields[HeaderFields.member]))
                self._connection.send(new_method_return(message))


def wait_for(condition: Callable[[], object], seconds: float = 20.0) -> None:
    """Wait until `condition` holds. Raises TimeoutError."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            raise TimeoutError("what was waited for did not happen")
        time.sleep(0.01)
