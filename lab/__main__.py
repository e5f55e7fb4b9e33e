"""`python -m lab`."""

import sys

from lab.cli import main

if __name__ == "__main__":  # the projection worker, spawned, imports the main module again
    sys.exit(main())
