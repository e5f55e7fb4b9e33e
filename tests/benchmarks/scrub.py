"""One step of the clock in the browser: all that is drawn for it, and the wait for the next frame."""

import statistics
from collections.abc import Iterable

from lab.thoughts import CONTEXT
from tests.benchmarks.servers import PATIENCE, THOUGHT, browser, first_thought, serving, visiting
from tests.benchmarks.start import LAB
from tests.benchmarks.table import Row, Settings, at_most, show

STEPS = 60

# An arrow key as a person presses it, to and fro through the thought, at no fixed beat of the screen. Reading the
# size of the page makes the browser lay out at once what the step has changed, so that this is in the first figure.
SCRUB = """async ([selector, wanted]) => {
  const root = document.querySelector(selector);
  const press = (key) => document.dispatchEvent(new KeyboardEvent("keydown", {key, bubbles: true, cancelable: true}));
  const frame = () => new Promise((done) => requestAnimationFrame(done));
  const rest = (ms) => new Promise((done) => setTimeout(done, ms));
  press("Home");
  await rest(500);
  const last = Number(root.dataset.steps);
  const drawn = [], shown = [];
  let forth = true;
  for (let i = 0; i < wanted; i++) {
    await rest(30 + (i * 7) % 17);
    const step = Number(root.dataset.step);
    forth = step === last ? false : step === 0 ? true : forth;
    const began = performance.now();
    press(forth ? "ArrowRight" : "ArrowLeft");
    document.body.getBoundingClientRect();
    root.getBoundingClientRect();
    drawn.push(performance.now() - began);
    await frame();
    shown.push(performance.now() - began);
    if (Number(root.dataset.step) !== step + (forth ? 1 : -1)) throw new Error(`the clock stands at ${step}`);
  }
  return {drawn, shown};
}"""

SETTLED = """([selector, both]) => {
  const {umap, frames} = document.querySelector(selector).dataset;
  return Number(frames) > 1 && (umap === "ready" || !both);
}"""


def measure(settings: Settings) -> Iterable[Row]:
    """Median over the steps, on the page as it opens, once the other map and the replay have come as well."""
    with browser() as chromium, serving(*LAB) as server, visiting(chromium, server.url) as page:
        first_thought(page)
        page.wait_for_function(SETTLED, arg=[THOUGHT, not settings.quick], timeout=5000 * PATIENCE)
        seen = page.evaluate(SCRUB, [THOUGHT, settings.size(STEPS, 8)])
    drawn, shown = statistics.median(seen["drawn"]), statistics.median(seen["shown"])
    note = f"of it drawing {show(drawn)} ms, the rest waits for the screen; slowest {show(max(seen['shown']))} ms"
    what = f"scrub step to the next frame, {CONTEXT:,} points on the map"
    yield at_most(what, shown, 20, unit=" ms", note=note)
