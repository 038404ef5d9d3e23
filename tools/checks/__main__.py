"""`python -m tools.checks [CHECK ...]`: run all checks, or the ones named and what they need."""

from __future__ import annotations

import argparse
import gc
import os
import sys

from rich.console import Console

from local_aws.core.garbage import RARELY
from tools.checks.every import every_check
from tools.checks.packaging.workshop import Workshop
from tools.checks.runner import run, with_needed
from tools.paths import ROOT


def main() -> int:
    """Run the checks; return the exit status, 0 if every check passed."""
    parser = argparse.ArgumentParser(prog="python -m tools.checks", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="CHECK", help="the name of a check, as printed on its line")
    names = parser.parse_args().names
    os.chdir(ROOT)
    gc.set_threshold(*RARELY)
    with Workshop() as workshop:
        checks = every_check(workshop)
        unknown = sorted(set(names) - {check.name for check in checks})
        if unknown:
            parser.error(f"no check named {', '.join(unknown)}: {', '.join(check.name for check in checks)}")
        return 0 if run(with_needed(checks, names) if names else checks, Console(highlight=False)) else 1


if __name__ == "__main__":
    sys.exit(main())
