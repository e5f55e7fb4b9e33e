from collections.abc import Iterator

import pytest

from tests.tiny import one_thread


@pytest.fixture(autouse=True, scope="module")
def small_networks() -> Iterator[None]:
    with one_thread():
        yield
