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
      let due = null;
      let looking = false;

      const look = async () => {
        if (document.hidden) return;
        looking = true;
        const asked = name;
        const answer = await ask(asked);
        looking = false;
        if (answer?.status === GONE && asked === name) return location.reload(); // after a long nap: it finds its run again
        next(answer?.ok && asked === name ? take(await answer.json()) : AGAIN);
      };
      const ask = async (name) => {
        const headers = {"Content-Type": "application/json"};
        try {
          return await fetch("lab/look", {method: "POST", headers, body: JSON.stringify({name})});
        } catch {
          return null; // no connection: it asks again
        }
      };
      const take = ({values, fetch, wait}) => {
        for (const [id, value] of Object.entries(values)) Lab.deliver(id, value);
        if (fetch) api.trigger("fetch", {});
        return wait;
      };
      const next = (wait) => {
        if (looking || name === null) return;
        clearTimeout(due);
        due = setTimeout(look, wait);
      };
      document.addEventListener("visibilitychange", () => !document.hidden && next(0));
      document.addEventListener("click", () => next(SOON));

      return {
        update(value) {
          if (!value || value.name === name) return;
          name = value.name;
          next(0);
        },
      };
    },
  });
})();
