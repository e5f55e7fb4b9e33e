"""Stand-ins for the UMAP process, which take no ten seconds to warm. Imported by the process, so nothing heavy here."""

import os
from multiprocessing.connection import Connection
from typing import Any


def echo(pipe: Connection) -> None:
    """Answers each request with its key; dies of `die`, fails on `fail`, waits for a second word on `wait`."""
    pipe.send(("warm", None))
    try:
        while True:
            placing: Any = pipe.recv()
            if placing.key == "die" or (placing.key.startswith("once ") and _first(placing.key[5:])):
                os._exit(3)
            if placing.key == "fail":
                pipe.send(("failed", "16 points are too few"))
                continue
            pipe.send(("text", f"placing {placing.key}"))
            if placing.key.startswith("until "):
                while not os.path.exists(placing.key[6:]):
                    pass
            pipe.send(("ready", placing.key))
    except EOFError:
        return


def _first(path: str) -> bool:
    """Whether nobody was here before."""
    try:
        os.close(os.open(path, os.O_CREAT | os.O_EXCL))
    except FileExistsError:
        return False
    return True


def stillborn(pipe: Connection) -> None:
    """Never gets warm."""
    os._exit(1)
