"""``python -m ffcl``."""

from ffcl.cli import main

main()
