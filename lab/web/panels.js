// What the panels that arrive as HTML need: exact values on hover and on focus ([data-tip]). Listens on the document, so
// it does not matter when a panel is replaced.
(() => {
  "use strict";
  const Lab = window.SatiLab;
  if (Lab.panels) return;
  Lab.panels = true;

  const owner = (event) => event.target.closest?.("[data-tip]");
  let shown = null; // the element whose tip is open

  const open = (node, place) => {
    shown = node;
    Lab.tip(place, node.dataset.tip.split("\n"));
  };
  const close = () => {
    if (shown) Lab.tip(null);
    shown = null;
  };

  document.addEventListener("pointermove", (event) => {
    const node = owner(event);
    if (node) open(node, event);
    else if (shown && !shown.matches(":focus-visible")) close();
  });
  document.addEventListener("focusin", (event) => {
    const node = owner(event);
    if (!node || !node.matches(":focus-visible")) return;
    const box = node.getBoundingClientRect();
    open(node, {clientX: box.left, clientY: box.top});
  });
  document.addEventListener("focusout", close);
  document.addEventListener("keydown", (event) => event.key === "Escape" && close());
  document.addEventListener("scroll", close, {capture: true, passive: true});
})();

// An instrument that shows HTML made in Python: {"html": "..."}. A new value changes only what differs, so an open help
// card, the focus and the scroll of what stays are left alone. [data-act] calls back with trigger("act", {act}), inside a
// form with its fields; [data-defaults] puts them back to their data-default.
(() => {
  "use strict";
  const Lab = window.SatiLab;

  // what has another key than before is another thing: fields keep what was typed into them
  const alike = (a, b) => a.nodeType === b.nodeType && a.nodeName === b.nodeName && a.dataset?.key === b.dataset?.key;

  const morph = (from, to) => {
    if (from.nodeType !== Node.ELEMENT_NODE) {
      if (from.nodeValue !== to.nodeValue) from.nodeValue = to.nodeValue;
      return;
    }
    for (const {name} of [...from.attributes]) if (!to.hasAttribute(name) && name !== "open") from.removeAttribute(name);
    for (const {name, value} of to.attributes) if (from.getAttribute(name) !== value) from.setAttribute(name, value);
    children(from, to);
  };

  const children = (from, to) => {
    const [old, fresh] = [[...from.childNodes], [...to.childNodes]];
    fresh.forEach((node, i) => {
      if (i >= old.length) from.append(node);
      else if (alike(old[i], node)) morph(old[i], node);
      else old[i].replaceWith(node);
    });
    old.slice(fresh.length).forEach((node) => node.remove());
  };

  const fields = (form) => [...form.elements].filter((field) => field.name && (field.type !== "radio" || field.checked));
  const read = (field) => (field.type !== "number" ? field.value : field.value === "" ? null : Number(field.value));
  const sent = (node) => {
    if (!node.form) return {act: node.dataset.act};
    return {act: node.dataset.act, form: Object.fromEntries(fields(node.form).map((field) => [field.name, read(field)]))};
  };

  Lab.register("panel", {
    mount(root, api) {
      root.addEventListener("click", (event) => {
        const node = event.target.closest?.("[data-act]");
        if (node) api.trigger("act", sent(node));
        const back = event.target.closest?.("[data-defaults]");
        if (back) fields(back.form).forEach((field) => (field.value = field.dataset.default ?? field.value));
      });
      root.addEventListener("submit", (event) => event.preventDefault()); // the button's act is all there is to it
      let held = null;
      let arrived = null;
      // What had the focus is gone or disabled, and something has come for whoever pressed it: nobody else is taken
      // anywhere.
      const lost = () => document.activeElement === document.body || document.activeElement.matches(":disabled");
      const arrive = () => {
        const node = root.querySelector("[data-arrive]");
        const word = node?.dataset.arrive ?? null;
        const news = word !== arrived;
        arrived = word;
        if (!news || !node?.offsetParent || !lost()) return;
        node.focus({preventScroll: true});
        const {top, bottom} = node.getBoundingClientRect();
        if (top < 0 || bottom > window.innerHeight) node.scrollIntoView({block: "center"});
      };
      return {
        update(value) {
          const html = value?.html ?? "";
          if (html === held) return;
          held = html;
          const draft = document.createElement("template");
          draft.innerHTML = html;
          children(root, draft.content);
          queueMicrotask(arrive); // when the panels that came with this one have changed too
        },
      };
    },
  });
})();
