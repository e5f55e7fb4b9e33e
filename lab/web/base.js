// What every instrument stands on: the registry, typed arrays, colours of the theme, numbers, panels, Plotly's manners.
// See component.py for how an instrument is written.
(() => {
  "use strict";
  if (window.SatiLab) return;
  const Lab = (window.SatiLab = {});

  // Gradio brings a Plotly of its own under window.Plotly. Ours, once an instrument that draws with it has loaded it, keeps a
  // name that nobody else sets; the file itself calls it window.moduleName.
  let plotly;
  Object.defineProperty(window, "LabPlotly", {get: () => (plotly = plotly || window.moduleName || window.Plotly)});

  // --- registry ------------------------------------------------------------------------------------------------
  const makers = new Map();
  const mounted = new Map(); // by element id: takes a value
  const early = new Map(); // by element id: the last value that came for what is not mounted yet

  Lab.register = (kind, maker) => makers.set(kind, maker);

  Lab.mount = (kind, element, api) => {
    const root = element.querySelector(".lab-instrument");
    const guarded = (act) => {
      try {
        act();
        root.querySelector(":scope > .lab-broken")?.remove();
      } catch (error) {
        console.error(error);
        const text = `This view could not be drawn (${error.message}). Reload the page; the run is not touched.`;
        root.querySelector(":scope > .lab-broken")?.remove();
        root.prepend(Lab.el("p", {class: "lab-broken", role: "alert", text}));
      }
    };
    guarded(() => {
      if (!makers.has(kind)) throw new Error(`no instrument is registered as "${kind}"`);
      const view = makers.get(kind).mount(root, api);
      const show = (value) => guarded(() => view.update(value || null));
      api.watch("value", () => show(api.props.value));
      show(api.props.value);
      const id = root.closest(".block[id]")?.id;
      if (!id) return; // nothing is sent to what has no name
      mounted.set(id, show);
      if (early.has(id)) show(early.get(id));
      early.delete(id);
    });
  };

  // A value from the wire, beside those that Gradio hands over.
  Lab.deliver = (id, value) => (mounted.has(id) ? mounted.get(id)(value) : early.set(id, value));

  // --- typed arrays --------------------------------------------------------------------------------------------
  const KINDS = {u1: Uint8Array, u2: Uint16Array, f4: Float32Array, i4: Int32Array};
  const unpacked = new WeakMap(); // by packed object: the frames of a long thought are read when they are first shown

  // {"dtype", "shape", "data"} -> {shape, data: typed array}; null stays null
  Lab.unpack = (packed) => {
    if (!packed) return null;
    if (!unpacked.has(packed)) {
      const text = atob(packed.data);
      const bytes = new Uint8Array(text.length);
      for (let i = 0; i < text.length; i++) bytes[i] = text.charCodeAt(i);
      unpacked.set(packed, {shape: packed.shape, data: new KINDS[packed.dtype](bytes.buffer)});
    }
    return unpacked.get(packed);
  };

  // --- elements ------------------------------------------------------------------------------------------------
  const fill = (node, attributes, children) => {
    for (const [name, value] of Object.entries(attributes)) {
      if (value === null || value === undefined || value === false) continue;
      if (name === "text") node.textContent = value;
      else if (typeof value === "function") node.addEventListener(name, value);
      else node.setAttribute(name, value === true ? "" : value);
    }
    node.append(...children.filter((child) => child !== null && child !== undefined));
    return node;
  };
  Lab.el = (tag, attributes = {}, ...children) => fill(document.createElement(tag), attributes, children);
  Lab.svg = (tag, attributes = {}, ...children) =>
    fill(document.createElementNS("http://www.w3.org/2000/svg", tag), attributes, children);

  // Setting what is already there costs a style pass: views write through these.
  Lab.write = (node, text) => {
    if (node.textContent !== text) node.textContent = text;
  };
  Lab.mark = (node, name, value) => {
    if (node.dataset[name] !== String(value)) node.dataset[name] = value;
  };

  // A panel is a question, one line on how to read it, and a "?" with sentences, formula and function name.
  let made = 0;
  Lab.why = (words) => {
    const id = `lab-why-${++made}`;
    const button = Lab.el("button", {
      class: "lab-why", type: "button", popovertarget: id, "aria-label": `About: ${words.question}`, text: "?",
    });
    const note = Lab.el("div", {class: "lab-note-card", id, popover: "auto", role: "note"},
      Lab.el("h4", {text: words.question}),
      ...words.help.map((text) => Lab.el("p", {text})),
      words.formula ? Lab.el("p", {class: "lab-formula", text: words.formula}) : null,
      words.source ? Lab.el("p", {class: "lab-source"}, "Computed by ", Lab.el("code", {text: words.source})) : null,
    );
    return [button, note];
  };
  Lab.panel = (name, words, tools, ...children) => {
    const head = Lab.el("header", {class: "lab-panel-head"},
      Lab.el("h3", {text: words.question}), tools, ...Lab.why(words), Lab.el("p", {class: "lab-reading", text: words.reading}));
    return Lab.el("section", {class: `lab-panel ${name}`, "aria-label": words.question}, head, ...children);
  };

  // A row of buttons of which one is pressed: choices is [[value, text, hint], ...]
  Lab.segments = (label, choices, chosen) => {
    const buttons = new Map(choices.map(([value, text, hint]) => [value, Lab.el("button",
      {type: "button", title: hint, text, "data-value": value, click: () => chosen(value)})]));
    const node = Lab.el("div", {class: "lab-segments", role: "group", "aria-label": label}, ...buttons.values());
    const press = (value) => buttons.forEach((button, own) => button.setAttribute("aria-pressed", own === value));
    return {node, buttons, press};
  };

  // One floating label for all that has exact values to tell.
  const tip = Lab.el("div", {class: "lab-tip", role: "presentation", hidden: true});
  Lab.tip = (event, lines) => {
    if (!lines) {
      tip.hidden = true;
      return;
    }
    if (!tip.isConnected) document.body.append(tip);
    tip.replaceChildren(...lines.map((text) => Lab.el("div", {text})));
    tip.hidden = false;
    const x = Math.min(event.clientX + 14, window.innerWidth - tip.offsetWidth - 8);
    const above = event.clientY - tip.offsetHeight - 12;
    tip.style.transform = `translate(${Math.max(8, x)}px, ${above > 4 ? above : event.clientY + 18}px)`;
  };

  // --- numbers -------------------------------------------------------------------------------------------------
  // At most three significant digits, as views/style.py writes them; what is no number is a dash.
  Lab.number = (value, digits = 3) => {
    if (value === null || value === undefined || !Number.isFinite(value)) return "–";
    if (value === 0) return "0";
    const rounded = Number(value.toPrecision(digits));
    const size = Math.floor(Math.log10(Math.abs(rounded)));
    if (size < -4 || size > 6) {
      const [mantissa, power] = value.toExponential(digits - 1).split("e");
      const raised = String(Number(power)).replace("-", "⁻").replace(/\d/g, (d) => "⁰¹²³⁴⁵⁶⁷⁸⁹"[d]);
      return `${Number(mantissa)}·10${raised}`.replace("-", "−");
    }
    const places = Math.max(0, digits - 1 - size);
    const written = {minimumFractionDigits: places, maximumFractionDigits: places};
    return rounded.toLocaleString("en", written).replace("-", "−");
  };
  // a whole percent; what is nearly all is not all
  Lab.percent = (share) => {
    if (!Number.isFinite(share)) return "–";
    if (share < 1 && share >= 0.995) return "> 99 %";
    return `${Lab.number(100 * share, share >= 0.1 ? 2 : 1)} %`;
  };
  Lab.state = (step) => `s${String(step).replace(/\d/g, (d) => "₀₁₂₃₄₅₆₇₈₉"[d])}`;

  // --- theme ---------------------------------------------------------------------------------------------------
  const listeners = new Set();
  Lab.dark = () => document.body.classList.contains("dark") || document.documentElement.classList.contains("dark");
  Lab.projector = () => document.documentElement.classList.contains("projector");
  Lab.colour = (name) => getComputedStyle(document.body).getPropertyValue(`--${name}`).trim();
  // pixels of one rem: 16, more with the projector switch
  Lab.rem = () => parseFloat(getComputedStyle(document.documentElement).fontSize);
  Lab.still = () => window.matchMedia("(prefers-reduced-motion: reduce)").matches;
  // called when light turns to dark, and when the projector switch changes sizes; returns what ends it
  Lab.onTheme = (listener) => {
    listeners.add(listener);
    return () => listeners.delete(listener);
  };
  const look = () => `${Lab.dark()} ${Lab.projector()}`;
  let last = look();
  const watcher = new MutationObserver(() => {
    if (look() === last) return;
    last = look();
    listeners.forEach((listener) => listener());
  });
  for (const node of [document.documentElement, document.body]) {
    watcher.observe(node, {attributes: true, attributeFilter: ["class"]});
  }

  // --- Plotly's manners ----------------------------------------------------------------------------------------
  Lab.plotly = {
    config: {displayModeBar: false, responsive: true, doubleClick: false, showTips: false},
    layout: (extra = {}) => {
      const size = 0.875 * Lab.rem();
      const ink = Lab.colour("ink");
      const label = {bgcolor: Lab.colour("panel"), bordercolor: Lab.colour("line")};
      return {
        paper_bgcolor: "rgba(0,0,0,0)",
        plot_bgcolor: "rgba(0,0,0,0)",
        font: {family: Lab.colour("font"), size, color: ink},
        hoverlabel: {...label, font: {family: Lab.colour("font"), size, color: ink}},
        showlegend: false,
        ...extra,
      };
    },
  };
})();
