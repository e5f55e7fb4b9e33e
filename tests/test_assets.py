"""The one function that finds shipped files: in a checkout, in an installed wheel, and its error."""

from pathlib import Path

import pytest

from satipatthana import assets
from satipatthana.assets import asset_path


def _file(path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("x")
    return path


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A satipatthana folder elsewhere, so that neither the checkout nor its assets stand beside it."""
    folder = tmp_path / "site" / "satipatthana"
    folder.mkdir(parents=True)
    monkeypatch.setattr(assets, "_PACKAGE", folder)
    return folder


def test_the_checkout_has_its_digits():
    assert asset_path("digits.npz").is_file()
    assert asset_path().is_dir()
    assert asset_path("digits.npz").parent == asset_path()


def test_an_installed_wheel_reads_its_own_folder(package: Path):
    inside = _file(package / "_assets" / "checkpoints" / "a.json")
    assert asset_path("checkpoints", "a.json") == inside


def test_a_strange_assets_folder_beside_an_installed_package_is_not_ours(package: Path):
    _file(package.parent / "assets" / "digits.npz")
    inside = _file(package / "_assets" / "digits.npz")
    assert asset_path("digits.npz") == inside


def test_the_checkout_comes_first(package: Path):
    _file(package.parent / "pyproject.toml")
    ours = _file(package.parent / "assets" / "digits.npz")
    _file(package / "_assets" / "digits.npz")
    assert asset_path("digits.npz") == ours


def test_a_missing_asset_names_the_places_and_the_remedy(package: Path):
    with pytest.raises(FileNotFoundError, match="install the wheel again") as error:
        asset_path("checkpoints", "none.json")
    assert "checkpoints/none.json" in str(error.value)
    assert str(package / "_assets") in str(error.value)
    assert str(package.parent / "assets") in str(error.value)


@pytest.mark.parametrize("part", ["../pyproject.toml", "/etc/passwd"])
def test_no_part_leaves_the_folder(part: str):
    with pytest.raises(ValueError, match="leaves the assets folder"):
        asset_path(part)
