// A cloud of points in a plane, on a canvas: wheel to zoom, drag to move, hover and click by the nearest point. Two
// thousand points take a millisecond or two, so keyframes, zoom and a change of theme redraw them all. What moves over the
// cloud belongs into `over`, an SVG of the same pixels.
(() => {
  "use strict";
  const Lab = window.SatiLab;
  const {el, svg} = Lab;
  const REACH = 9; // pixels from which a point answers
  const CLICK = 4; // a pointer that moved less was not a drag
  const OPACITY = 0.42;
  const RADIUS = 2.3;

  // on: {view() after every change of what is seen, moved() after a person's own, home() on a double click,
  //      hover(index or -1, event), click(index)}
  Lab.plane = (on) => {
    const canvas = el("canvas", {class: "plane-cloud"});
    const ring = svg("circle", {class: "plane-ring", r: 6, visibility: "hidden"});
    const over = svg("svg", {class: "plane-over", "aria-hidden": "true"}, ring);
    const node = el("div", {class: "plane"}, canvas, over);
    let points = new Float32Array(0); // x, y, x, y ...
    let colours = []; // of each point
    let seen = {x: 0, y: 0, unit: 1}; // what stands in the middle, and how much a pixel is
    let size = {width: 0, height: 0};
    let drag = null;
    let due = 0;

    const px = (x) => (x - seen.x) / seen.unit + size.width / 2;
    const py = (y) => size.height / 2 - (y - seen.y) / seen.unit;

    function draw() {
      const dense = window.devicePixelRatio || 1;
      const [width, height] = [Math.round(size.width * dense), Math.round(size.height * dense)];
      if (canvas.width !== width || canvas.height !== height) Object.assign(canvas, {width, height});
      const pen = canvas.getContext("2d");
      pen.setTransform(dense, 0, 0, dense, 0, 0);
      pen.clearRect(0, 0, size.width, size.height);
      pen.globalAlpha = OPACITY;
      const radius = (RADIUS * Lab.rem()) / 16;
      for (let i = 0; i < colours.length; i++) {
        const [x, y] = [px(points[2 * i]), py(points[2 * i + 1])];
        if (x < -radius || y < -radius || x > size.width + radius || y > size.height + radius) continue;
        pen.fillStyle = colours[i];
        pen.beginPath();
        pen.arc(x, y, radius, 0, 7);
        pen.fill();
      }
    }

    function redraw() {
      cancelAnimationFrame(due);
      due = 0;
      if (!size.width) return;
      draw();
      on.view();
    }

    // while a person drags or turns the wheel: once a screen refresh
    function soon() {
      if (!due) due = requestAnimationFrame(redraw);
    }

    // {x, y, unit} that shows a box {x0, x1, y0, y1} with some room, below and above what is written over the plane; one
    // scale for both axes, so lengths may be compared
    function fit(box, pad, {top = 0, bottom = 0} = {}) {
      const free = Math.max(size.height - top - bottom, size.height / 2);
      const unit = Math.max((box.x1 - box.x0) / size.width, (box.y1 - box.y0) / free, 1e-6) * (1 + 2 * pad);
      return {x: (box.x0 + box.x1) / 2, y: (box.y0 + box.y1) / 2 + ((top - bottom) / 2) * unit, unit};
    }

    function nearest(event) {
      const box = node.getBoundingClientRect();
      const [x, y] = [event.clientX - box.left, event.clientY - box.top];
      let [index, best] = [-1, REACH ** 2];
      for (let i = 0; i < colours.length; i++) {
        const away = (px(points[2 * i]) - x) ** 2 + (py(points[2 * i + 1]) - y) ** 2;
        if (away < best) [index, best] = [i, away];
      }
      return index;
    }

    function hover(index, event) {
      ring.setAttribute("visibility", index < 0 ? "hidden" : "visible");
      if (index >= 0) {
        ring.setAttribute("cx", px(points[2 * index]));
        ring.setAttribute("cy", py(points[2 * index + 1]));
      }
      node.classList.toggle("pointing", index >= 0);
      on.hover(index, event);
    }

    const above = (event) => event.target !== canvas && event.target !== node && event.target !== over;

    node.addEventListener("wheel", (event) => {
      // on a narrow page the wheel scrolls, unless it is a pinch
      if (window.innerWidth < 700 && !event.ctrlKey) return;
      event.preventDefault();
      const box = node.getBoundingClientRect();
      const [dx, dy] = [event.clientX - box.left - size.width / 2, size.height / 2 - (event.clientY - box.top)];
      const unit = seen.unit * Math.exp(Math.max(-1, Math.min(1, event.deltaY / (event.ctrlKey ? 100 : 400))));
      seen = {x: seen.x + dx * (seen.unit - unit), y: seen.y + dy * (seen.unit - unit), unit};
      on.moved();
      soon();
    }, {passive: false});
    node.addEventListener("pointerdown", (event) => {
      if (event.button !== 0 || event.pointerType === "touch" || above(event)) return;
      drag = {x: event.clientX, y: event.clientY, from: seen, far: false};
      node.setPointerCapture(event.pointerId);
    });
    node.addEventListener("pointermove", (event) => {
      if (!drag) {
        if (!above(event)) hover(nearest(event), event);
        return;
      }
      const [dx, dy] = [event.clientX - drag.x, event.clientY - drag.y];
      drag.far = drag.far || Math.hypot(dx, dy) > CLICK;
      if (!drag.far) return;
      hover(-1, event);
      node.classList.add("dragging");
      seen = {x: drag.from.x - dx * seen.unit, y: drag.from.y + dy * seen.unit, unit: seen.unit};
      on.moved();
      soon();
    });
    node.addEventListener("pointerup", (event) => {
      const dragged = drag?.far;
      const pressed = drag !== null || event.pointerType === "touch";
      drag = null;
      node.classList.remove("dragging");
      if (dragged || !pressed || above(event)) return;
      const index = nearest(event);
      if (index >= 0) on.click(index);
    });
    node.addEventListener("pointercancel", () => (drag = null));
    node.addEventListener("pointerleave", (event) => hover(-1, event));
    node.addEventListener("dblclick", (event) => {
      if (!above(event)) on.home();
    });

    new ResizeObserver(() => {
      size = {width: node.clientWidth, height: node.clientHeight};
      over.setAttribute("viewBox", `0 0 ${Math.max(size.width, 1)} ${Math.max(size.height, 1)}`);
      if (size.width) on.resized();
    }).observe(node);

    return {
      node, over, px, py, fit, redraw,
      cloud: (next, hues) => ([points, colours] = [next, hues]),
      look: (next) => (seen = next),
      seen: () => seen,
      size: () => size,
    };
  };
})();
