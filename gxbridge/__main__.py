"""`python -m gxbridge`."""

import sys

from gxbridge.cli import main

sys.exit(main())
