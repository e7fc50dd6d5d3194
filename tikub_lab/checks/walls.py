"""Walls around what others wrote: no network, no foreign file, limits; and a probe that says which of them hold.

Only the standard library and psutil: what can be tried as an ordinary user is tried so.
"""

import json
import math
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import asdict, dataclass, field, replace
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from tikub_lab.errors import UsageError

CODE = Path(__file__).resolve().parents[2]
SYSTEM = ("/usr", "/bin", "/sbin", "/lib", "/lib32", "/lib64", "/etc/alternatives", "/etc/fonts", "/etc/ld.so.cache",
          "/etc/localtime", "/etc/mime.types")  # fmt: skip
"""What programs need of the system; nothing there is anybody's own."""
INNER = "/travail"
"""Where a run's folder is inside the walls; it has ``work``, ``home``, ``tmp``, ``shm`` and ``out``."""
NOBODY = 65534
SPARE = 2**28
"""Bytes of memory that the machine keeps: what is in memory without a process that has it is seen by this alone."""
DEVICES = ("null", "zero", "full", "random", "urandom")


@dataclass(frozen=True)
class Limits:
    """What one run may have: seconds, bytes of memory and of disk, processes, threads, characters that it prints."""

    seconds: float = 300
    memory: int = 4 * 2**30
    disk: int = 2**30
    processes: int = 64
    threads: int = 512
    printed: int = 8_000_000


@dataclass
class Ended:
    """How a run ended: the wall that stopped it if one did, its exit code, what it printed, peak memory of all."""

    stopped: str
    code: int
    printed: str
    peak: int


@dataclass(frozen=True)
class Walls:
    """A rung of the ladder that held, or none (``name`` is empty), and what the probe met."""

    name: str
    limits: Limits
    probed: dict[str, str] = field(default_factory=dict)

    def run(self, folder: Path, order: dict[str, Any]) -> Ended:
        """Run an order in a folder that is made for it; all its processes are gone afterwards."""
        folder = folder.resolve()
        for part in ("work", "home", "tmp", "shm", "out"):
            (folder / part).mkdir(exist_ok=True)
        if os.getuid() == 0 and self.name:
            for path in (folder, *folder.rglob("*")):
                os.chown(path, NOBODY, NOBODY, follow_symlinks=False)
        inner = str(folder) if self.name in ("", "landlock") else INNER
        order = {**asdict(self.limits), "out": f"{inner}/out", "work": f"{inner}/work", **order}
        order["path"] = _path(folder, inner)
        if self.name == "landlock":
            order["landlock"] = {"reads": [*SYSTEM, *_reads(), "/proc"], "folder": str(folder)}
        command = [sys.executable, "-P", "-m", "tikub_lab.checks.inside", json.dumps(order)]
        return _watched(RUNGS[self.name](folder, command), folder, _environment(inner), self.limits)


def find(trust: bool, limits: Limits) -> Walls:
    """Return the first rung whose probe met a wall everywhere; without any, refuse but for those who trust."""
    if sys.platform == "win32":
        raise UsageError(
            "Notebooks are run apart on Linux, and with --trust on macOS. Say --no-run for all other checks."
        )
    met = []
    for name in RUNGS:
        walls = Walls(name, limits)
        if name and not (find_spec("landlockpy") if name == "landlock" else shutil.which(name)):
            met.append(f"{name} is not installed")
            continue
        if not name and not trust:
            continue
        probed = probe(walls)
        holes = [what for what, refused in probed.items() if not refused and what not in OPEN.get(name, ())]
        if not name or ("fork" in probed and not holes):  # which is tried last
            return Walls(name, limits, probed)
        met.append(f"{name}: {', '.join(holes) or 'does not start'}")
    raise UsageError(
        f"Nothing here can keep notebooks apart ({'; '.join(met)}). Install bubblewrap, or run them as "
        "they are with --trust if you know who wrote them."
    )


def probe(walls: Walls) -> dict[str, str]:
    """Run the probe inside; return what was refused and how, nothing where it could not run."""
    with tempfile.TemporaryDirectory(prefix="tikub-probe-") as name, socket.create_server(("127.0.0.1", 0)) as server:
        foreign, folder = Path(name, "foreign"), Path(name, "run")
        foreign.mkdir(mode=0o777)
        folder.mkdir()
        Path(name).chmod(0o755)
        foreign.chmod(0o777)  # so that a wall is met, not the rights of files
        (foreign / "read").write_text("read")
        order = {"foreign": str(foreign), "home": str(Path.home()), "pid": os.getpid(), "address": "192.0.2.1"}
        small = replace(walls, limits=replace(walls.limits, threads=48, processes=96, seconds=20))
        ended = small.run(folder, order | {"port": server.getsockname()[1]})
        said = dict(json.loads(line) for line in ended.printed.splitlines() if line.endswith("]"))
        for what, path in (("write", foreign / "written"), ("write_home", Path.home() / ".tikub-probe")):
            if said.get(what) == "" and not path.exists():
                said[what] = "written into the run's own folder"
            path.unlink(missing_ok=True)
    return said


def _path(folder: Path, inner: str) -> str:
    """Return where a kernel finds modules: a kit's own package first, beside the notebook's folder."""
    kit = (folder / "work/tikub_lab/__init__.py").is_file()
    return f"{inner}/work{os.pathsep}{CODE}" if kit else str(CODE)


def _environment(inner: str) -> dict[str, str]:
    """Return all that a run has in its environment: nothing of ours but where programs are.

    Hashes stay random: two runs that differ by the order of a set are found.
    """
    threads = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "2")
    return threads | {
        "PATH": f"{Path(sys.executable).parent}:/usr/bin:/usr/sbin:/bin:/sbin", "PYTHONPATH": str(CODE),
        "HOME": f"{inner}/home", "TMPDIR": f"{inner}/tmp", "USER": "equipe", "TZ": "Europe/Paris", "LC_ALL": "C.UTF-8",
        "TIKUB_HOME": f"{inner}/work", "TIKUB_CACHE": "off", "TIKUB_TRACE": f"{inner}/out/used.jsonl",
        "PYTHONDONTWRITEBYTECODE": "1", "PYDEVD_DISABLE_FILE_VALIDATION": "1", "MPLBACKEND": "agg",
    }  # fmt: skip


def _reads() -> list[str]:
    """List what may be read: the system's libraries, the interpreter's, and this package."""
    own = (sys.prefix, sys.base_prefix, str(CODE / "tikub_lab"))
    found = dict.fromkeys(path for path in (*SYSTEM, *own) if Path(path).exists())
    return [path for path in found if not path.startswith("/usr/")]


def _drop() -> list[str]:
    """Return what makes root nobody, so that also the kernel's limits by user hold."""
    user = [f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups"] if os.getuid() == 0 else []
    return ["setpriv", "--no-new-privs", *user]


def _bwrap(folder: Path, command: list[str]) -> list[str]:
    root = os.getuid() == 0
    spaces = ["ipc", "pid", "net", "uts", "cgroup-try"] if root else ["all"]
    rights = ["--cap-drop", "ALL", "--cap-add", "CAP_SETUID", "--cap-add", "CAP_SETGID"] if root else []
    above = dict.fromkeys(str(item) for path in _reads() for item in reversed(Path(path).parents) if item.name)
    binds = [
        item for path in above for item in ("--perms", "0755", "--dir", path)
    ]  # a home's own mode hides what is in it
    binds += [item for path in _reads() for item in ("--ro-bind", path, path)]
    own = ["--bind", str(folder), INNER, "--bind", str(folder / "tmp"), "/tmp"]
    devices = ["--proc", "/proc", "--dev", "/dev", "--bind", str(folder / "shm"), "/dev/shm", "--remount-ro", "/dev"]
    return ["bwrap", "--die-with-parent", "--new-session", *(f"--unshare-{space}" for space in spaces), *rights, *own,
            *binds, *devices, "--remount-ro", "/", "--chdir", INNER, "--", *_drop(), *command]  # fmt: skip


_ROOT = """
set -e
new=$1 folder=$2; shift 2
mount -t tmpfs -o size=1m,mode=755 tmpfs "$new"
put() { if [ -d "$2" ]; then mkdir -p "$new$3"; else mkdir -p "$(dirname "$new$3")"; : >"$new$3"; fi
  mount --bind "$2" "$new$3"; mount -o "remount,bind,$1" "$new$3"; }
put rw "$folder" {inner}; put rw "$folder/tmp" /tmp; put rw "$folder/shm" /dev/shm
for path in {reads}; do put ro "$path" "$path"; done
for path in {devices}; do put rw "/dev/$path" "/dev/$path"; done
mkdir "$new/proc" "$new/.old"; mount -t proc proc "$new/proc"
cd "$new"; pivot_root . .old; umount -l .old; rmdir .old; mount -o remount,bind,ro /
cd {inner}; exec "$@"
"""


def _unshare(folder: Path, command: list[str]) -> list[str]:
    import shlex

    (new := folder.with_name(f"{folder.name}.root")).mkdir(exist_ok=True)
    reads, devices = (" ".join(map(shlex.quote, items)) for items in (_reads(), DEVICES))
    script = _ROOT.replace("{reads}", reads).replace("{devices}", devices).replace("{inner}", INNER)
    user = [] if os.getuid() == 0 else ["--user", "--map-root-user"]
    spaces = ["--mount", "--net", "--pid", "--ipc", "--uts", "--cgroup", "--fork", "--kill-child=KILL"]
    drop = [*_drop(), "--bounding-set=-all", "--inh-caps=-all", "--"]
    return ["unshare", *user, *spaces, "/bin/sh", "-c", script, "sh", str(new), str(folder), *drop, *command]


def _landlock(folder: Path, command: list[str]) -> list[str]:
    """Leave it to :func:`inside.shut` to close what is outside the folder."""
    return [*_drop(), *command]


def _none(folder: Path, command: list[str]) -> list[str]:
    return command


RUNGS: dict[str, Callable[[Path, list[str]], list[str]]] = {"bwrap": _bwrap, "unshare": _unshare,
                                                                  "landlock": _landlock, "": _none}  # fmt: skip
OPEN = {"landlock": ("datagram",)}
"""What a rung is known to leave open: it is the last one, and the page says so."""


def _watched(command: list[str], folder: Path, environment: dict[str, str], limits: Limits) -> Ended:
    """Run a command until it ends or a limit is reached, and end all that it started."""
    import psutil

    stopped, peak, start, looked = "", 0, time.monotonic(), 0.0
    with tempfile.TemporaryFile() as printed:
        process = subprocess.Popen(
            command, cwd=folder, env=environment, stdin=subprocess.DEVNULL, stdout=printed, stderr=printed,
            start_new_session=True,
        )  # fmt: skip
        try:
            while process.poll() is None and not stopped:
                family = _family(process.pid)
                memory = sum(_memory(item, "rss") for item in family)
                if memory > limits.memory:  # pages that processes share are counted once, which takes longer
                    memory = sum(_memory(item, "pss") for item in family)
                peak, now = max(peak, memory), time.monotonic()
                reached = {"temps": now - start > limits.seconds,
                           "mémoire": memory > limits.memory or psutil.virtual_memory().available < SPARE,
                           "processus": len(family) > limits.processes,
                           "sortie": os.fstat(printed.fileno()).st_size > limits.printed}  # fmt: skip
                if now - looked > 0.25:  # to go through a folder takes longer than the rest
                    reached["disque"], looked = _holds(folder) > limits.disk, now
                stopped = next((wall for wall, over in reached.items() if over), "")
                time.sleep(0.1)
        finally:
            for _ in range(20):  # who forks faster than it is ended is met again
                family = _family(process.pid)
                for item in family:
                    with suppress(psutil.Error):
                        item.kill()
                with suppress(ProcessLookupError):
                    os.killpg(process.pid, signal.SIGKILL)
                if not family:
                    break
                time.sleep(0.05)
            process.wait()
        printed.seek(0)
        return Ended(stopped, process.returncode, printed.read(limits.printed).decode("utf-8", "replace"), peak)


def _family(pid: int) -> list[Any]:
    """Return a process and all below it."""
    import psutil

    with suppress(psutil.Error):
        top = psutil.Process(pid)
        return [top, *top.children(recursive=True)]
    return []


def _memory(process: Any, kind: str) -> int:
    import psutil

    with suppress(psutil.NoSuchProcess):
        try:
            return getattr(process.memory_full_info() if kind == "pss" else process.memory_info(), kind)
        except psutil.AccessDenied:
            return process.memory_info().rss
    return 0


def _holds(folder: Path) -> float:
    """Return the bytes in a folder, an inode counted as a block; no end of them where a folder can't be looked into."""
    total, waiting = 0, [str(folder)]
    while waiting:
        try:
            with os.scandir(waiting.pop()) as entries:
                for entry in entries:
                    total += entry.stat(follow_symlinks=False).st_blocks * 512 + 4096
                    if entry.is_dir(follow_symlinks=False):
                        waiting.append(entry.path)
        except (FileNotFoundError, NotADirectoryError):  # gone meanwhile
            continue
        except OSError:  # closed, or deeper than what has a name
            return math.inf
    return total
