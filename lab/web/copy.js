// A line to be handed on: [data-copy] copies it with the address of this lab, and the next <output> says what was copied.
// Listens on the document, so it does not matter when a panel is replaced.
(() => {
  "use strict";
  const Lab = window.SatiLab;
  if (Lab.copies) return;
  Lab.copies = true;
  const words = {
    copied: "Copied: ",
    copy: "Copy it from here (Ctrl or Cmd and C): ",
  };

  const copied = async (text) => {
    try {
      await navigator.clipboard.writeText(text);
      return true;
    } catch {
      return false; // forbidden, or a page that is not served safely: it has no clipboard
    }
  };

  const said = (node) => {
    let next = node.nextElementSibling;
    while (next && next.nodeName !== "OUTPUT") next = next.nextElementSibling;
    return next;
  };

  document.addEventListener("click", async (event) => {
    const node = event.target.closest?.("[data-copy]");
    if (!node) return;
    const query = node.dataset.query;
    const text = `${node.dataset.copy} · ${location.origin}${location.pathname}${query ? `?${query}` : ""}`;
    const done = await copied(text);
    const place = said(node);
    if (!place) return;
    const line = Lab.el("span", {text});
    place.replaceChildren(done ? words.copied : words.copy, line);
    if (!done) window.getSelection().selectAllChildren(line);
  });
})();
