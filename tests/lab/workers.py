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


def quick(pipe: Connection) -> None:
    """The real process with a map that compiles nothing: the first two coordinates."""
    from lab.project import serve
    from satipatthana.diagnostics import projection

    def fit_reference(points: Any, seed: int) -> projection.UmapReference:
        if len(points) <= projection.NEIGHBOURS:
            raise ValueError(f"{len(points)} reference points; UMAP needs more than {projection.NEIGHBOURS}.")
        return projection.UmapReference(points, points[:, :2], seed)

    def refit(reference: projection.UmapReference, thoughts: Any) -> projection.UmapThoughts:
        return projection.UmapThoughts(tuple(states[:, :2] for states in thoughts), 0.04)

    projection.fit_reference, projection.refit = fit_reference, refit
    serve(pipe)


def stillborn(pipe: Connection) -> None:
    """Never gets warm."""
    os._exit(1)
