"""Start an image that buildah has built, as a container engine would, and try what it promises.

::

    python3 scripts/try_image.py ROOT INSPECTED PAGE [--command grpc] [--env NAME=VALUE]… [--writable]

It runs in namespaces of its own: no network but the loopback device, the root file system read-only, a tmpfs at /tmp,
with the image's own user, variables and entry point. Over both wires (or gRPC alone) it must read a page and find its
keys and values; the image's own health check must say 0; SIGTERM must end it with 0. Needs root; called by
build_images.sh.
"""

from __future__ import annotations

import argparse
import json
import os
import shlex
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

_START_S = 300.0
_STOP_S = 60.0

# In the image, where /tmp/page is a page.
READ = """\
import sys
from ml_server.clients import OCRClient

for address in sys.argv[1:]:
    with OCRClient(address) as client:
        page = client.extract_text("/tmp/page")
        (found,) = client.extract_key_values("/tmp/page")
        print(f"  {address}: {len(page.lines)} lines by {page.engine}, {len(found.key_values)} keys with values")
        assert page.lines and found.key_values
"""

# $1 the root, $2 a file for /etc/hosts, $3 ro or rw; the rest is the command
PREPARE = """\
set -eu
root=$1 hosts=$2 mode=$3
shift 3
ip link set lo up
mount --bind "$root" "$root"
touch "$root/etc/hosts"
mount --bind "$hosts" "$root/etc/hosts"
mount -o "remount,$mode,bind" "$root"
mount -t tmpfs -o mode=1777,size=2g tmpfs "$root/tmp"
mount -t proc proc "$root/proc"
mount --rbind /dev "$root/dev"
cd /
exec "$@"
"""


class Container:
    """A running image.

    Args:
        root: of its file system.
        config: ``Config`` of the image, as Docker has it.
        arguments: instead of the image's own CMD; none for that.
        environment: more variables.
        writable: whether the root file system may be written.
        log: file for the output.
    """

    def __init__(
        self,
        root: Path,
        config: dict[str, Any],
        arguments: list[str],
        environment: dict[str, str],
        writable: bool,
        log: Path,
    ) -> None:
        own = dict(variable.split("=", 1) for variable in config["Env"]) | environment
        self._root, self._user = root, config["User"]
        self._environment = own | {"PYTHONPATH": f"{own['BENTO_PATH']}/src"} if "BENTO_PATH" in own else own
        hosts = log.with_suffix(".hosts")
        hosts.write_text("127.0.0.1 localhost\n::1 localhost\n", encoding="utf-8")
        command = [*config["Entrypoint"], *(arguments or config.get("Cmd") or [])]
        inside = self._chroot(command, own, config["WorkingDir"] or "/")
        mode = "rw" if writable else "ro"
        apart = ["unshare", "--mount", "--net", "--pid", "--fork", "--kill-child"]
        with log.open("wb") as output:
            self.process = subprocess.Popen(
                [*apart, "sh", "-c", PREPARE, "sh", str(root), str(hosts), mode, *inside], stdout=output, stderr=output
            )
        self._hosts = hosts

    def run(self, command: list[str], **how: Any) -> subprocess.CompletedProcess[bytes]:
        """A command in it, as its user; ``how`` goes to ``subprocess.run``."""
        into = ["nsenter", "--target", str(self._first()), "--mount", "--net", "--pid"]
        return subprocess.run([*into, *self._chroot(command, self._environment, "/tmp")], check=False, **how)

    def stop(self) -> int:
        """End it with SIGTERM; its exit status."""
        os.kill(self._first(), signal.SIGTERM)
        return self.process.wait(_STOP_S)

    def close(self) -> None:
        """End it in any case."""
        # Of its namespace's first process all others die; --kill-child is forgotten where the user changes.
        for child in self._children():
            os.kill(child, signal.SIGKILL)
        self.process.kill()
        self.process.wait()
        self._hosts.unlink()

    def _first(self) -> int:
        """Its first process, as it is numbered outside."""
        while not (found := self._children()) and self.process.poll() is None:
            time.sleep(0.1)
        if not found:
            sys.exit("the container ended before it began")
        return found[0]

    def _children(self) -> list[int]:
        if self.process.poll() is not None:
            return []
        found = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text(encoding="ascii")
        return [int(number) for number in found.split()]

    def _chroot(self, command: list[str], environment: dict[str, str], folder: str) -> list[str]:
        variables = [f"{name}={value}" for name, value in environment.items()]
        script = f"cd {shlex.quote(folder)} && exec {shlex.join(command)}"
        return ["chroot", f"--userspec={self._user}", str(self._root), "env", "-i", *variables, "sh", "-c", script]


def health(config: dict[str, Any]) -> list[str]:
    """The image's HEALTHCHECK as a command."""
    kind, *command = config["Healthcheck"]["Test"]
    return list(command) if kind == "CMD" else ["sh", "-c", *command]


def tried(container: Container, config: dict[str, Any], page: Path, addresses: list[str]) -> str:
    """What went wrong; nothing if all is well."""
    until = time.monotonic() + _START_S
    ready = "import sys; from ml_server.clients import OCRClient; OCRClient(sys.argv[1]).wait_until_ready(5)"
    while container.run(["python", "-c", ready, addresses[-1]], stderr=subprocess.DEVNULL).returncode:
        if container.process.poll() is not None or time.monotonic() > until:
            return "it did not become ready"
    container.run(["sh", "-c", "cat >/tmp/page"], input=page.read_bytes())
    if container.run(["python", "-c", READ, *addresses]).returncode:
        return "it did not read the page"
    if container.run(health(config), stdout=subprocess.DEVNULL).returncode:
        return "its health check says that it is ill"
    code = container.stop()
    return f"SIGTERM ended it with {code}" if code else ""


def main() -> int:
    """Exit status: 0 if the image does all it should, else 1."""
    parser = argparse.ArgumentParser(description="start an image that buildah has built, and try it")
    parser.add_argument("root", type=Path, help="its file system, mounted")
    parser.add_argument("inspected", type=Path, help="what `buildah inspect --type image` said of it")
    parser.add_argument("page", type=Path, help="a picture of a page with keys and values")
    parser.add_argument("--command", default="", help="instead of the image's own CMD: grpc")
    parser.add_argument("--env", action="append", default=[], metavar="NAME=VALUE", help="a variable")
    parser.add_argument("--writable", action="store_true", help="the root file system may be written")
    told = parser.parse_args()
    config = json.loads(told.inspected.read_text(encoding="utf-8"))["Docker"]["config"]
    addresses = ["grpc://127.0.0.1:50051"]
    if told.command != "grpc":
        addresses.insert(0, "http://127.0.0.1:3000")
    log = told.inspected.with_suffix(".server.log")
    variables = dict(variable.split("=", 1) for variable in told.env)
    container = Container(told.root, config, shlex.split(told.command), variables, told.writable, log)
    try:
        problem = tried(container, config, told.page, addresses)
    finally:
        container.close()
    if problem:
        print(f"  {problem}; its output is in {log}:", file=sys.stderr)
        print(log.read_text(encoding="utf-8", errors="replace")[-4000:], file=sys.stderr)
    return 1 if problem else 0


if __name__ == "__main__":
    sys.exit(main())
