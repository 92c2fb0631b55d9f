"""``python -m ublot`` is the command ``ublot``."""

from ublot.cli.app import main

main()
