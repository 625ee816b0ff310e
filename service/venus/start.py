"""`python3 FOLDER/lib ARGUMENTS`: gxbridge out of an unpacked bundle. Any Python must be able to read this file."""

import os
import sys

if sys.version_info < (3, 11):
    sys.exit("gxbridge needs Python 3.11 or newer (Venus OS v3.60 or newer), this is %d.%d" % sys.version_info[:2])

folder = os.path.dirname(os.path.abspath(__file__))
sys.path[0] = folder
# For the processes that `gxbridge demo` starts.
os.environ["PYTHONPATH"] = os.pathsep.join(filter(None, [folder, os.environ.get("PYTHONPATH", "")]))

from gxbridge.cli import main  # noqa: E402 - only now is it known where it is

sys.exit(main())
