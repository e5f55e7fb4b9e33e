// One magnifying glass for many pictures: pointing at a spot of one [data-zoom="group"] magnifies the same spot of every
// picture of that group inside the nearest [data-zooms] (see zoom.css). Where is kept on the instrument, which survives
// what a new value changes inside it.
(() => {
  "use strict";
  const Lab = window.SatiLab;
  if (Lab.zoom) return;
  Lab.zoom = true;

  const share = (at, start, size) => `${Math.min(100, Math.max(0, (100 * (at - start)) / size)).toFixed(1)}%`;

  document.addEventListener("pointermove", (event) => {
    const cell = event.target.closest?.("[data-zoom]");
    const instrument = cell?.closest(".lab-instrument");
    if (!instrument) return;
    const box = cell.getBoundingClientRect();
    instrument.style.setProperty("--zx", share(event.clientX, box.left, box.width));
    instrument.style.setProperty("--zy", share(event.clientY, box.top, box.height));
  });
})();
