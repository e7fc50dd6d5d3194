"""`python -m tikub_lab` is `tikub`."""

from tikub_lab.cli import main

main()
