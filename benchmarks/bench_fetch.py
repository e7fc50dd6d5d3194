"""Download a file from this machine beside ``curl | tee file | sha256sum``, in turns of one run; and memory on a large
one: ``python -m benchmarks.bench_fetch [MB] [--large MB]``.

The server is a process of its own and sends without work of its own, with a length and in chunks. What is compared does
the same: the file on the disk, its sha256 known. The aim is 1.3 times curl's time, and less than 150 MB of memory.
"""

import argparse
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

AIM, AIM_MB = 1.3, 150
SERVER = r"""
import socket, sys
block, listener = bytes(range(256)) * 1024, socket.create_server(("127.0.0.1", 0))
print(listener.getsockname()[1], flush=True)
while True:
    peer, _ = listener.accept()
    try:
        asked = b""
        while b"\r\n\r\n" not in asked:
            asked += peer.recv(65536)
        _, _, kind, megabytes = asked.split(b" ")[1].rsplit(b"/", 3)
        blocks = int(megabytes) * 4
        if kind == b"chunks":
            peer.sendall(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n")
            for _ in range(blocks):
                peer.sendall(b"%x\r\n" % len(block) + block + b"\r\n")
            peer.sendall(b"0\r\n\r\n")
        else:
            peer.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\nConnection: close\r\n\r\n" % (blocks * len(block)))
            for _ in range(blocks):
                peer.sendall(block)
    except OSError:
        pass
    peer.close()
"""
OURS = """
import resource, sys, time
from pathlib import Path
from tikub_lab.tables.download import Web
web, begun = Web(base=sys.argv[1]), time.perf_counter()
saved = web.save("https://files.example/" + sys.argv[2], Path(sys.argv[3]))
print(time.perf_counter() - begun, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024, saved.sha256)
"""


def ours(base: str, path: str, target: Path) -> tuple[float, float, str]:
    """Download in a process of its own; return seconds, its greatest memory in MB, and the hash."""
    told = subprocess.run(
        [sys.executable, "-c", OURS, base, path, str(target)], capture_output=True, text=True, check=True
    )
    seconds, memory, sha = told.stdout.split()
    return float(seconds), float(memory), sha


def curl(base: str, path: str, target: Path) -> tuple[float, str]:
    begun = time.perf_counter()
    command = f"curl -sS --fail {base}/files.example/{path} | tee {target} | sha256sum"
    told = subprocess.run(["bash", "-c", f"set -o pipefail; {command}"], capture_output=True, text=True, check=True)
    return time.perf_counter() - begun, told.stdout.split()[0]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("megabytes", nargs="?", type=int, default=200)
    parser.add_argument("--large", type=int, default=1024, metavar="MB", help="the file for memory; 0: none")
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    good = True
    with (
        tempfile.TemporaryDirectory() as folder,
        subprocess.Popen([sys.executable, "-c", SERVER], stdout=subprocess.PIPE, text=True) as server,
    ):
        assert server.stdout
        base, target = f"http://127.0.0.1:{int(server.stdout.readline())}", Path(folder) / "file"
        try:
            for kind in ("length", "chunks"):
                path, ratios = f"x/{kind}/{options.megabytes}", []
                for _ in range(options.rounds):
                    theirs, sha = curl(base, path, target)
                    mine, _, own = ours(base, path, target)
                    assert sha == own
                    ratios.append(mine / theirs)
                middle = statistics.median(ratios)
                good &= middle <= AIM
                spread = f"{min(ratios):.2f} to {max(ratios):.2f}"
                print(f"{kind}, {options.megabytes} MB: {middle:.2f} times curl (aim {AIM}; {spread})")
            if options.large:
                _, memory, _ = ours(base, f"x/length/{options.large}", target)
                good &= memory <= AIM_MB
                print(f"{options.large} MB: {memory:.0f} MB of memory (aim {AIM_MB})")
        finally:
            server.kill()
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
