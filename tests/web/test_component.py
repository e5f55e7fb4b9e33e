"""The Python side of the instruments: what reaches the page, and what is refused."""

import html
import re
from pathlib import Path

import gradio as gr
import httpx
import pytest

from lab.views import style
from lab.web import component
from lab.web.component import Instrument, converge, page_head
from tests.web.stage import ADDRESSES, path_of


def paths(head: str) -> list[Path]:
    """The files that a head asks for."""
    return [path_of(address) for address in ADDRESSES.findall(head)]


def test_scripts_come_in_order_and_exist():
    names = [path.name for path in paths(converge().head or "")]
    assert names == ["base.js", *component.CONVERGE_SCRIPTS]
    assert all(path.is_file() for path in paths(converge().head or ""))
    curves = Instrument("curves", scripts=("curves.js",), label="Curves")
    assert [path.name for path in paths(curves.head or "")] == ["plotly.min.js", "base.js", "curves.js"]


def test_every_javascript_file_is_somebodys():
    used = {path.name for path in paths(converge().head or "")}
    on_disk = {path.name for path in Path(component.__file__).parent.glob("converge*.js")}
    assert on_disk <= used


def test_the_page_head_brings_palette_and_styles():
    head = page_head()
    assert style.css_variables() in head
    sheets = [path.name for path in paths(head) if path.suffix == ".css"]
    assert sheets[0] == "lab.css"


def test_nothing_is_asked_from_elsewhere():
    for head in (page_head(), converge().head or ""):
        assert all(address.startswith("/gradio_api/file=") for address in ADDRESSES.findall(head))
    for path in Path(component.__file__).parent.glob("*"):
        if path.suffix in (".js", ".css"):
            outside = re.findall(r"https?://[^\s\"')]+", path.read_text(encoding="utf-8"))
            assert [address for address in outside if address != "http://www.w3.org/2000/svg"] == [], path.name


def test_files_are_served_and_python_is_not():
    with gr.Blocks() as demo:
        instrument = converge()
    _, url, _ = demo.launch(server_name="127.0.0.1", prevent_thread_lock=True, quiet=True, ssr_mode=False)
    try:
        for address in ADDRESSES.findall(instrument.head or ""):
            assert httpx.get(url.rstrip("/") + address).status_code == 200, address
        assert httpx.get(f"{url}gradio_api/file={component.__file__}").status_code == 403
    finally:
        demo.close()


def test_triggers_are_events():
    with gr.Blocks():
        instrument = converge()
        instrument.pick(lambda: None)
        with pytest.raises(AttributeError, match="elsewhere"):
            instrument.elsewhere(lambda: None)


def test_only_objects_are_shown():
    instrument = converge()
    assert instrument.postprocess(None) is None
    assert instrument.postprocess({"kind": "waiting"}) == {"kind": "waiting"}
    with pytest.raises(TypeError, match="dict or None; got str"):
        instrument.postprocess("<p>text</p>")  # pyright: ignore[reportArgumentType]


def test_a_missing_script_is_an_error():
    with pytest.raises(FileNotFoundError, match=r"nowhere\.js"):
        Instrument("nowhere", scripts=("nowhere.js",))


def test_a_label_cannot_leave_its_attribute():
    label = 'a "label" <b>'
    assert html.escape(label) in (Instrument("x", label=label).html_template or "")


def test_no_stub_is_written_beside_a_module(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    (tmp_path / "own_instrument.py").write_text(
        "from lab.web.component import Instrument\n\n\nclass Own(Instrument):\n    pass\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    __import__("own_instrument")
    assert not list(tmp_path.glob("*.pyi"))
    assert not list(Path(component.__file__).parent.glob("component.pyi"))
