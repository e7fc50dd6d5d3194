"""`make bench`: every benchmark, or those named, each in a process of its own; options after one name are its own."""

import subprocess
import sys

ALL = (
    "check", "datathon", "energy", "fetch", "flags", "import", "linkage", "pages", "planning", "reports", "staffing",
    "staffing_live", "staffing_replacements",
)  # fmt: skip


def main(arguments: list[str]) -> int:
    """Run them one after the other: one that misses its aim or fails is named at the end, and the others run."""
    names = [item for item in arguments if item in ALL] or ([] if arguments else list(ALL))
    own = [item for item in arguments if item not in ALL]
    if len(names) != 1 and own:
        print(f"No benchmark {own[0]!r}; there are {', '.join(ALL)}. Options follow one name.", file=sys.stderr)
        return 2
    missed = [
        name for name in names if subprocess.run([sys.executable, "-m", f"benchmarks.bench_{name}", *own]).returncode
    ]
    print(f"Failed, or missed an aim: {', '.join(missed)}." if missed else "Every aim was met.")
    return bool(missed)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
