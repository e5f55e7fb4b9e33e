// The link to a view: a button, and a card with the address in a field, for a browser may forbid to copy by itself.
// value: {"query": what follows the "?", "number": of the asking}
(() => {
  "use strict";
  const Lab = window.SatiLab;
  const words = {
    button: "Copy link",
    hint: "A link that opens this input with these dials",
    field: "Link to this view",
    copied: "Copied. It opens this input with these dials.",
    copy: "Copy it from here (Ctrl or Cmd and C). It opens this input with these dials.",
  };

  Lab.register("link", {
    mount(root, api) {
      const said = Lab.el("p", {class: "link-said", role: "status"});
      const field = Lab.el("input", {type: "text", readonly: true, "aria-label": words.field, focus: () => mark()});
      const mark = () => {
        field.select();
        requestAnimationFrame(() => (field.scrollLeft = 0)); // its beginning is what tells it from others
      };
      const card = Lab.el("div", {class: "lab-note-card link-card", popover: "auto", "aria-label": words.field}, field, said);
      const button = Lab.el("button", {type: "button", class: "link-button", title: words.hint, text: words.button,
        click: () => api.trigger("ask", {})});
      let shown = null;
      root.append(button, card);

      // what else stands in the address, as how the page looks, goes on; a tour is not handed on
      const address = (query) => {
        const whole = new URLSearchParams(query);
        for (const [name, value] of new URLSearchParams(location.search)) if (name.startsWith("__")) whole.append(name, value);
        return `${location.origin}${location.pathname}?${whole}`;
      };

      const copy = async (text) => {
        try {
          await navigator.clipboard.writeText(text);
          return words.copied;
        } catch {
          return words.copy; // forbidden, or a page that is not served safely: it has no clipboard
        }
      };

      return {
        async update(value) {
          if (!value || value.number === shown) return;
          shown = value.number;
          field.value = address(value.query);
          Lab.write(said, "");
          card.showPopover();
          const text = await copy(field.value);
          Lab.write(said, text);
          field.focus();
        },
      };
    },
  });
})();
