# PYTHON_ARGCOMPLETE_OK
"""`python -m pytest_interactions`: the command line, also if its script is not on the path."""

import sys

from pytest_interactions.commands import main

sys.exit(main())
