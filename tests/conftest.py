"""What every test stands on: quiet libraries, checked shapes, explicit luck."""

import os

# before torch and Gradio are imported: idle threads that spin starve the others, and nothing may call out
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
os.environ.setdefault("GRADIO_ANALYTICS_ENABLED", "False")
# Workers, and the labs that they start, share the cores. Not by torch.set_num_threads: a thread that a test starts
# would still convolve with the default number, and sum in another order.
if "PYTEST_XDIST_WORKER" in os.environ:
    os.environ["OMP_NUM_THREADS"] = "1"
else:
    os.environ.setdefault("OMP_NUM_THREADS", "2")

import pytest
import torch
from hypothesis import settings
from jaxtyping import install_import_hook

import tests.shapes

# before the first import of satipatthana: from here on a wrong shape or type raises jaxtyping.TypeCheckError
install_import_hook("satipatthana", f"{tests.shapes.__name__}.check")

# the same examples at every run, and no deadline: speed is measured in benchmarks
settings.register_profile("lab", deadline=None, derandomize=True)
settings.load_profile("lab")


@pytest.fixture
def generator() -> torch.Generator:
    """Seeded luck, the same at every test; nothing draws from the global one."""
    return torch.Generator().manual_seed(0)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The browser's tests first: they take longest, and beside them the others fill the waits."""
    items.sort(key=lambda item: not item.nodeid.startswith(("tests/ui", "tests/web")))
