"""`python -m tikub_lab` is `tikub`."""

from tikub_lab.cli import main

if __name__ == "__main__":  # the processes of reports import this module too
    main()
