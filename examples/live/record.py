"""Record the tests anew against a local emulator: `python record.py`, and with other arguments those of pytest."""

import os
import subprocess
import sys

from pytest_interactions.server.emulator import Emulator

if __name__ == "__main__":
    command = [sys.executable, "-m", "pytest", "--interactions-record-mode=rewrite", *sys.argv[1:]]
    with Emulator.steady() as emulator:
        sys.exit(subprocess.run(command, env=os.environ | emulator.env, check=False).returncode)
