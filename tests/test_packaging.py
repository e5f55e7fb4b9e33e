"""What a wheel carries: the code, the page's files and the assets, and nothing else."""

import zipfile
from pathlib import Path

import pytest
from hatchling.builders.wheel import WheelBuilder

ROOT = Path(__file__).parents[1]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """The names in a wheel built from this checkout."""
    built = next(WheelBuilder(str(ROOT)).build(directory=str(tmp_path_factory.mktemp("wheel")), versions=["standard"]))
    with zipfile.ZipFile(built) as archive:
        return archive.namelist()


def test_carries_the_code_and_the_files_of_the_page(wheel: list[str]):
    ours = {
        str(path.relative_to(ROOT))
        for package in ("satipatthana", "lab")
        for pattern in ("*.py", "*.js", "*.css")
        for path in (ROOT / package).rglob(pattern)
    }
    assert "satipatthana/__init__.py" in ours
    assert any(name.startswith("lab/web/") and name.endswith(".js") for name in ours)
    assert ours <= set(wheel)


def test_carries_the_assets_without_the_screenshots(wheel: list[str]):
    assert "satipatthana/_assets/digits.npz" in wheel
    assert any(name.startswith("satipatthana/_assets/checkpoints/healthy/") for name in wheel)
    assert not [name for name in wheel if "screenshots" in name]


def test_carries_nothing_else(wheel: list[str]):
    tops = {name.split("/")[0] for name in wheel}
    assert {top for top in tops if not top.endswith(".dist-info")} == {"satipatthana", "lab"}
    assert [name for name in wheel if name.endswith("/licenses/LICENSE")]
