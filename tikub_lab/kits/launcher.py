"""Sets a kit up and opens it, on any system; the kit has it as ``lancer.py``. Standard library only.

It is read by whatever Python a laptop has: nothing in it is newer than Python 3.6, so that an old one says that it is
old. What it says is French, for teams read it.
"""

import hashlib
import json
import os
import platform
import subprocess
import sys
from pathlib import Path

HOME = Path(__file__).resolve().parent
VENV = HOME / ".venv"
STAMP = VENV / "kit-installe.txt"
WHEELS = HOME / "wheels"
OLDEST = (3, 11)
LAB = [
    f"--ServerApp.root_dir={HOME}",
    "--LabApp.extension_manager=readonly",
    "--ServerApp.answer_yes=True",  # Ctrl+C stops at once
]
SETTINGS = VENV / "share" / "jupyter" / "lab" / "settings" / "overrides.json"
QUIET = {"@jupyterlab/apputils-extension:notification": {"fetchNews": "false", "checkForUpdates": False}}
"""JupyterLab's own settings: neither news nor updates are looked for, nor asked about."""

HELP = """Commandes :
  lab      installe le kit (une fois), puis ouvre JupyterLab sur demarrage.ipynb
  report   installe le kit (une fois), puis fait la page reports/projet/projet.html
"""


def python() -> str:
    """Return the path of the kit's own Python."""
    return str(VENV / "Scripts" / "python.exe" if os.name == "nt" else VENV / "bin" / "python")


def environment() -> "dict[str, str]":
    """Return the environment for the kit's Python, without what would lead it to another one's packages."""
    dropped = {"PYTHONHOME", "PYTHONPATH", "PIP_USER", "PIP_TARGET", "PIP_PREFIX", "TIKUB_HOME", "TIKUB_DATA"}
    kept = {name: value for name, value in os.environ.items() if name not in dropped}
    return dict(kept, PIP_DISABLE_PIP_VERSION_CHECK="1", PIP_NO_INPUT="1", JUPYTER_PREFER_ENV_PATH="1")


def wanted() -> str:
    """Say what is to be installed, where, and by which Python: another answer needs another set-up."""
    digest = hashlib.sha256()
    for name in ("requirements.txt", "pyproject.toml"):
        digest.update((HOME / name).read_bytes())
    return "\n".join([digest.hexdigest(), str(HOME), platform.python_version()])


def installed() -> str:
    """Return what the last set-up that ended well has installed."""
    try:
        return STAMP.read_text(encoding="utf-8")
    except OSError:
        return ""


def this_platform() -> "dict[str, str]":
    """Say what wheels this machine can use."""
    return {
        "systeme": platform.system(),
        "machine": platform.machine(),
        "python": ".".join(platform.python_version_tuple()[:2]),
        "implementation": platform.python_implementation(),
    }


def spoken(facts: "dict[str, str]") -> str:
    """Say a platform in words."""
    return "{systeme} {machine} et Python {python} ({implementation})".format(**facts)


def wheels() -> "list[str]":
    """Return pip's options for the wheels that came with the kit; none where they are for other machines."""
    try:
        made_for = json.loads((WHEELS / "plateformes.json").read_text(encoding="utf-8"))
    except OSError:
        return []
    here = this_platform()
    if here in made_for:
        return ["--no-index", "--find-links", str(WHEELS)]
    say("Ce kit hors ligne est fait pour " + ", ".join(map(spoken, made_for)) + " ; ici : " + spoken(here) + ".")
    others = [facts["python"] for facts in made_for if dict(facts, python=here["python"]) == here]
    if others:
        other = others[-1]
        say(f"Si vous l'avez : `make lab PYTHON=python{other}`, ou sous Windows `py -{other} lancer.py lab`.")
    say("J'essaie par le réseau.")
    return []


def run(*command: str) -> bool:
    """Run a command in the kit's folder and say whether it went well."""
    return subprocess.call(command, cwd=str(HOME), env=environment()) == 0


def install(options: "list[str]") -> bool:
    """Install the locked requirements, then the package itself."""
    # Python compiles what is used when it is first used: compiling all 130 packages at once takes longer than that.
    pip = [python(), "-m", "pip", "install", "--quiet", "--no-compile", *options]
    return run(*pip, "--require-hashes", "-r", "requirements.txt") and run(
        *pip, "--no-deps", "--no-build-isolation", "--editable", "."
    )


def set_up() -> None:
    """Make the kit's environment, unless it is there already."""
    goal = wanted()
    if installed() == goal:
        return
    say("Installation dans .venv : une à trois minutes, une seule fois.")
    # --clear: what a set-up cut short, another folder or another Python left can't be kept.
    if not run(sys.executable, "-m", "venv", "--clear", str(VENV)):
        stop("L'environnement .venv n'a pas pu être créé. Sous Debian ou Ubuntu : sudo apt install python3-venv.")
    options = wheels()
    ready = install(options)
    if options and not ready:
        say("Les paquets du kit n'ont pas suffi (voir ci-dessus). J'essaie par le réseau.")
        ready = install([])
    if not ready:
        stop(
            "L'installation n'a pas abouti (voir ci-dessus). Sans réseau, il faut un kit hors ligne fait pour "
            f"{spoken(this_platform())}. Avec le réseau, relancez la même commande."
        )
    SETTINGS.parent.mkdir(parents=True, exist_ok=True)
    SETTINGS.write_text(json.dumps(QUIET), encoding="utf-8")
    STAMP.write_text(goal, encoding="utf-8")


def wait(process: "subprocess.Popen[bytes]") -> int:
    """Wait for a command: Ctrl+C is for it, and it ends when it has put its things away."""
    while True:
        try:
            return process.wait()
        except KeyboardInterrupt:
            continue


def say(text: str) -> None:
    """Say something at once, before what a command says."""
    print(text, flush=True)


def stop(text: str) -> None:
    """Leave with one clear line."""
    print(text, file=sys.stderr)
    raise SystemExit(1)


def main(arguments: "list[str]") -> int:
    """Do what the command line asks."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="replace")  # an old Windows console has no « é »
    command = arguments[0] if arguments else "help"
    if command not in ("lab", "report"):
        say(HELP)
        return 0 if command in ("-h", "--help", "help") else 2
    if sys.version_info < OLDEST:
        stop(
            f"Python 3.11 ou plus récent est nécessaire ; ici : {platform.python_version()}. S'il est installé : "
            "`make lab PYTHON=python3.11`, ou sous Windows `py -3.11 lancer.py lab`."
        )
    set_up()
    if command == "lab":
        say("JupyterLab s'ouvre dans le navigateur. Pour l'arrêter : Ctrl+C ici.")
        line = [python(), "-m", "jupyterlab", "demarrage.ipynb", *LAB, *arguments[1:]]
    else:
        line = [python(), "-m", "tikub_lab", "report", "projet", *arguments[1:]]
    code = wait(subprocess.Popen(line, cwd=str(HOME), env=environment()))
    if command == "report" and code == 0:
        say("Votre page : " + str(Path("reports", "projet", "projet.html")))
    return code


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
