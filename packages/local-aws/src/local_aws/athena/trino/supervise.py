"""`python supervise.py COMMAND ...`: run a command that ends with its parent, however the parent ends.

The parent holds the other end of standard input and writes nothing: when that closes, the command is killed. Java
does not look at its standard input itself.
"""

from __future__ import annotations

import os
import subprocess
import sys
import threading


def _end_with(child: subprocess.Popen[bytes]) -> None:
    while os.read(0, 1024):
        pass
    child.kill()


def main(command: list[str]) -> int:
    """Run the command to its end or that of the parent; its exit status."""
    child = subprocess.Popen(command, stdin=subprocess.DEVNULL)
    threading.Thread(target=_end_with, args=(child,), daemon=True).start()
    status = child.wait()
    return status if status >= 0 else 128 - status  # a signal, as shells say it


if __name__ == "__main__":
    os._exit(main(sys.argv[1:]))
