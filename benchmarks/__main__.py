"""`make bench`: every benchmark, or those named."""

import sys
from importlib import import_module

ALL = ("check", "energy", "flags", "import", "planning", "reports")

for name in sys.argv[1:] or ALL:
    if name not in ALL:
        sys.exit(f"No benchmark {name!r}; there are {', '.join(ALL)}.")
    import_module(f"benchmarks.bench_{name}").main()
