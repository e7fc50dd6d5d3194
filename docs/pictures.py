"""Take the pictures of the README with Chromium: `make pictures`."""

import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).parent
PICTURES = {
    "lycee.png": "energy_lycee/energy_lycee.html",
    "purchases.png": "procurement/procurement.html",
    "index.png": "index.html",
}
FLAGS = (
    "--headless --no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking --disable-sync"
)


def main() -> int:
    """Make the pages on the sample, and take the top of three of them."""
    chromium = shutil.which("chromium") or shutil.which("google-chrome")
    if chromium is None:
        print("Chromium is needed to take pictures.", file=sys.stderr)
        return 1
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run([sys.executable, "-m", "tikub_lab", "report", "--quiet", "--out", folder], check=True)
        for name, page in PICTURES.items():
            address, target = Path(folder, page).resolve().as_uri(), HERE / name
            size = ["--window-size=1000,1100", "--force-device-scale-factor=1", f"--user-data-dir={folder}/profile"]
            subprocess.run([chromium, *FLAGS.split(), *size, f"--screenshot={target}", address], check=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
