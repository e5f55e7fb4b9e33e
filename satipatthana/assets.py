"""The one function that finds the files shipped with the project: data, checkpoints, pictures."""

from pathlib import Path

_PACKAGE = Path(__file__).resolve().parent


def _roots(package: Path) -> tuple[Path, ...]:
    """Folders that may hold the assets, in the order in which they are asked."""
    checkout = package.parent
    # Beside an installed package lies site-packages, where a folder named "assets" is somebody else's:
    # only a folder with the project's own pyproject.toml is the checkout.
    if (checkout / "pyproject.toml").is_file() or not (package / "_assets").is_dir():
        return (checkout / "assets", package / "_assets")
    return (package / "_assets",)


def asset_path(*parts: str) -> Path:
    """The path of a shipped file or folder, e.g. `asset_path("digits.npz")`.

    Looks in `assets/` of the checkout first, then in `satipatthana/_assets` of an installed wheel.
    Without parts it is the assets folder itself. Raises ValueError for a part that leaves the folder, and
    FileNotFoundError, naming every place that was tried, if there is no such file.
    """
    for part in parts:
        path = Path(part)
        if path.is_absolute() or ".." in path.parts:
            raise ValueError(f"asset part {part!r} leaves the assets folder: give a relative name, no '..'")
    tried = [root.joinpath(*parts) for root in _roots(_PACKAGE)]
    for path in tried:
        if path.exists():
            return path
    places = " or ".join(str(path) for path in tried)
    raise FileNotFoundError(
        f"asset {'/'.join(parts) or '(folder)'!r} not found, expected at {places}. "
        "In a checkout restore it with `git checkout -- assets`; otherwise install the wheel again."
    )
