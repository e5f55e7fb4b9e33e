// Asks the server what is new, as often as it says and soon after every click; hands the values on to the instruments by
// their ids, and fetches what is no instrument's by an event. A page that nobody sees does not ask. See tabs/wire.py.
(() => {
  "use strict";
  const Lab = window.SatiLab;
  const SOON = 250; // ms: what was pressed has been done by then
  const AGAIN = 1000; // when the server did not answer
  const GONE = 410;

  Lab.register("wire", {
    mount(root, api) {
      let name = null;
      let got = 0; // number of the last answer that came
      let broken = null; // what is said of a part that cannot be looked at
      let timer = null;
      let due = Infinity; // when the next look is
      let looking = false;
      let clicked = false; // while it looked, so that this look may have come too early

      const look = async () => {
        due = Infinity;
        if (document.hidden) return;
        looking = true;
        clicked = false;
        const asked = name;
        const {status, found} = await ask(asked);
        looking = false;
        if (status === GONE && asked === name) return location.reload(); // after a long nap: it finds its run again
        next(found && asked === name ? take(found) : AGAIN);
        if (clicked) next(SOON);
      };
      // the panel that is seen; one that was never opened is not there yet
      const tab = () => [...document.querySelectorAll("[role=tabpanel][id^=tab-]")]
        .find((panel) => panel.style.display !== "none")?.id.slice("tab-".length) ?? "";
      const ask = async (name) => {
        const headers = {"Content-Type": "application/json"};
        try {
          const answer = await fetch("lab/look", {method: "POST", headers, body: JSON.stringify({name, got, tab: tab()})});
          return {status: answer.status, found: answer.ok ? await answer.json() : null};
        } catch {
          return {}; // no connection, or it broke off: it asks again
        }
      };
      const take = ({values, seq, fetch, wait, broken: said}) => {
        got = seq;
        if (said !== broken) root.replaceChildren(...(said ? [Lab.el("p", {class: "lab-broken", role: "alert", text: said})] : []));
        broken = said;
        for (const [id, value] of Object.entries(values)) Lab.deliver(id, value);
        if (fetch) api.trigger("fetch", {});
        return wait;
      };
      const next = (wait) => {
        const at = performance.now() + wait;
        if (looking || name === null || at >= due) return; // who clicks and clicks does not put it off
        due = at;
        clearTimeout(timer);
        timer = setTimeout(look, wait);
      };
      document.addEventListener("visibilitychange", () => !document.hidden && next(0));
      document.addEventListener("click", () => {
        clicked = true;
        next(SOON);
      });
      // what an event of Gradio's has changed, it may ask for at once
      document.addEventListener("lab-look", () => {
        clicked = true;
        next(0);
      });

      return {
        update(value) {
          if (!value || value.name === name) return;
          name = value.name;
          got = 0;
          next(0);
        },
      };
    },
  });
})();
