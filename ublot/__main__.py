"""``python -m ublot`` is the command ``ublot``."""

from ublot.cli import main

main()
