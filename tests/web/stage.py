"""A page of our own for instruments, which load and mount in it as in Gradio's, only sooner.

    with staged(curves(), entered=lambda name: {"curves": values[name]}) as url:
        ...

The page has the head, the scripts and the templates of the instruments themselves; `stage.js` plays Gradio's part.
What Gradio's style sheets and tabs do to an instrument is not seen here: that is for `test_in_gradio.py`.
"""

import re
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from mimetypes import guess_type
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import orjson

from lab.web.component import Instrument, page_head

ADDRESSES = re.compile(r'(?:src|href)="([^"]+)"')
# as in Gradio's style sheet, as far as sizes depend on it
RESET = "*, ::before, ::after { box-sizing: border-box; border: 0 solid } body, h3, h4, p { margin: 0 }"

# what Python answers with: new values by the id of an instrument or of a text
Answer = dict[str, Any]


def path_of(address: str) -> Path:
    """The file of an address in a head."""
    return Path(unquote(urlsplit(address).path.split("file=")[1]))


def repeat(_: str, data: dict[str, Any]) -> Answer:
    """Writes what was triggered into the text "heard"."""
    return {"heard": repr(data)}


@contextmanager
def staged(
    *instruments: Instrument,
    texts: Sequence[str] = ("name", "heard"),
    entered: Callable[[str], Answer] = lambda _: {},
    triggered: Callable[[str, dict[str, Any]], Answer] = repeat,
) -> Iterator[str]:
    """The address of a page with these instruments and ``texts``, lines to type into.

    ``entered`` answers to a line that was entered, ``triggered`` to an event (its name, its data).
    """
    by_id = {str(instrument.elem_id): instrument for instrument in instruments}

    def hear(id: str, event: str, data: dict[str, Any]) -> Answer:
        getattr(by_id[id], event)  # AttributeError: Python was not told that there is such an event
        return triggered(event, data)

    answers = {"/entered": entered, "/triggered": lambda told: hear(*told)}
    heads = [page_head(), *(instrument.head or "" for instrument in instruments)]
    files = {address: path_of(address) for head in heads for address in ADDRESSES.findall(head)}
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(_Answering, _page(by_id, texts), files, answers))
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def _page(instruments: dict[str, Instrument], texts: Sequence[str]) -> bytes:
    # a script that two instruments want is loaded once
    scripts = dict.fromkeys(
        script for each in instruments.values() for script in re.findall("<script.*?</script>", each.head or "")
    )
    lines = "".join(f'<label id="{text}">{text} <input></label>' for text in texts)
    blocks = "".join(
        f'<div id="{id}" class="block"><div class="html-container"><div>{each.html_template}</div></div></div>'
        for id, each in instruments.items()
    )
    given = {
        "texts": texts,
        "instruments": [{"id": id, "script": each.js_on_load, "value": each.value} for id, each in instruments.items()],
    }
    told = orjson.dumps(given).decode().replace("<", "\\u003c")  # no value ends the script that holds it
    return f"""<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>Stage</title><link rel="icon" href="data:,">
<meta name="viewport" content="width=device-width, initial-scale=1"><style>{RESET}</style>{page_head()}</head>
<body><div class="gradio-container"><main class="main">{lines}{blocks}</main></div>
<script id="given" type="application/json">{told}</script>
{"".join(scripts)}
<script>{Path(__file__).with_name("stage.js").read_text(encoding="utf-8")}</script>
</body></html>""".encode()


class _Answering(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    wbufsize = -1  # an answer leaves in one piece

    def __init__(
        self, page: bytes, files: dict[str, Path], answers: dict[str, Callable[[Any], Answer]], *arguments: Any
    ) -> None:
        self.page, self.files, self.answers = page, files, answers
        super().__init__(*arguments)

    def do_GET(self) -> None:
        if self.path == "/":
            self._send("text/html", self.page)
        elif self.path in self.files:
            path = self.files[self.path]
            self._send(guess_type(path.name)[0] or "text/plain", path.read_bytes(), keep=True)
        else:
            self.send_error(404)

    def do_POST(self) -> None:
        asked = orjson.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self._send("application/json", orjson.dumps(self.answers[self.path](asked)))

    def _send(self, kind: str, content: bytes, keep: bool = False) -> None:
        self.send_response(200)
        self.send_header("Content-Type", f"{kind}; charset=utf-8")
        self.send_header("Content-Length", str(len(content)))
        self.send_header("Cache-Control", "max-age=3600" if keep else "no-store")
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_: Any) -> None:
        """Nobody reads it."""
