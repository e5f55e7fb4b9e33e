// The handles of the gate's charts: dragged or moved by the arrow keys, the shares beside the chart follow at once; when a
// handle is let go, the panel is told: trigger("act", {act: "gate:inference:0.615"}). Listens on the document, so it does
// not matter when the panel is drawn anew. Needs panels.js.
(() => {
  "use strict";
  const Lab = window.SatiLab;
  if (Lab.gate) return;
  Lab.gate = true;

  const STEP = 0.005;
  const read = new WeakMap(); // by element: what its data-curves said, and what was read from it
  let held = null; // the handle under the pointer

  const curves = (gate) => {
    const text = gate.dataset.curves;
    if (read.get(gate)?.text !== text) read.set(gate, {text, found: JSON.parse(text)});
    return read.get(gate).found;
  };

  // as numpy.interp does: straight lines between the thresholds
  const share = (thresholds, open, at) => {
    const above = thresholds.findIndex((threshold) => threshold >= at);
    if (above <= 0) return open[above < 0 ? open.length - 1 : 0];
    const part = (at - thresholds[above - 1]) / (thresholds[above] - thresholds[above - 1]);
    return open[above - 1] + part * (open[above] - open[above - 1]);
  };

  const span = ({dataset}) =>
    Object.fromEntries(["low", "high", "left", "right"].map((name) => [name, Number(dataset[name])]));

  const move = (handle, value) => {
    const chart = handle.closest(".gate-chart");
    const {low, high, left, right} = span(chart);
    const at = value <= low ? -1 : Math.min(high, Math.round(value / STEP) * STEP); // the left edge is open
    const x = left + ((Math.max(at, low) - low) / (high - low)) * (right - left);
    handle.setAttribute("transform", `translate(${x.toFixed(1)} 0)`);
    handle.setAttribute("aria-valuenow", at.toFixed(3));
    handle.dataset.value = at.toFixed(3);
    const gate = handle.closest("[data-gate]");
    const {thresholds, open} = curves(gate);
    Lab.write(gate.querySelector("[data-at]"), Lab.number(at));
    for (const row of gate.querySelectorAll("tr[data-family]")) {
      const inside = share(thresholds, open[row.dataset.family], at);
      Lab.write(row.querySelector("[data-share]"), inside >= 0.9995 ? "100 %" : `${(100 * inside).toFixed(1)} %`);
    }
  };

  const drop = (handle) => {
    const gate = handle.closest("[data-gate]");
    const button = gate.querySelector("[data-drop]");
    button.dataset.act = `gate:${gate.dataset.gate}:${handle.dataset.value}`;
    button.click();
  };

  document.addEventListener("pointerdown", (event) => {
    const handle = event.target.closest?.("[data-handle]");
    if (!handle) return;
    held = handle;
    handle.setPointerCapture(event.pointerId);
    handle.focus();
    event.preventDefault();
  });
  document.addEventListener("pointermove", (event) => {
    if (!held) return;
    const chart = held.closest(".gate-chart");
    const {low, high, left, right} = span(chart);
    const place = new DOMPoint(event.clientX, event.clientY).matrixTransform(chart.getScreenCTM().inverse());
    move(held, low + ((place.x - left) / (right - left)) * (high - low));
  });
  const release = () => {
    if (held) drop(held);
    held = null;
  };
  document.addEventListener("pointerup", release);
  document.addEventListener("pointercancel", release);
  const TURNS = {ArrowLeft: -1, ArrowDown: -1, ArrowRight: 1, ArrowUp: 1, PageDown: -10, PageUp: 10};
  document.addEventListener("keydown", (event) => {
    const handle = event.target.closest?.("[data-handle]");
    if (!handle || !(event.key in TURNS)) return;
    const low = Number(handle.closest(".gate-chart").dataset.low);
    move(handle, Math.max(Number(handle.dataset.value), low) + STEP * TURNS[event.key]);
    event.preventDefault();
    event.stopPropagation(); // the arrows also move the clock
  }, {capture: true});
  document.addEventListener("keyup", (event) => {
    const handle = event.target.closest?.("[data-handle]");
    if (handle && event.key in TURNS) drop(handle);
  });

  // a row of the table and its line light up together
  document.addEventListener("pointerover", (event) => {
    const row = event.target.closest?.("tr[data-family], [data-line]");
    const gate = row?.closest("[data-gate]");
    const family = row?.dataset.family ?? row?.dataset.line;
    for (const node of document.querySelectorAll(".gate-one [data-on]")) delete node.dataset.on;
    if (!gate) return;
    for (const node of gate.querySelectorAll("[data-family], [data-line]")) {
      if ((node.dataset.family ?? node.dataset.line) === family) node.dataset.on = "";
    }
  });
})();
