"""`python -m tikub_lab` is `tikub`."""

import sys


def main() -> None:
    """Run the command line; Ctrl-C while it loads is one line, too."""
    try:
        from tikub_lab.cli import main

        main()
    except KeyboardInterrupt:
        print("tikub: interrupted.", file=sys.stderr)
        raise SystemExit(130) from None


if __name__ == "__main__":  # the processes of reports import this module too
    main()
