// Asks the server twice a second what is new, hands the values on to the instruments by their ids, and fetches what is no
// instrument's by an event. A page that nobody sees does not ask. See tabs/wire.py.
(() => {
  "use strict";
  const Lab = window.SatiLab;
  const EVERY = 500; // ms
  const GONE = 410;

  Lab.register("wire", {
    mount(root, api) {
      let name = null;
      let due = null;

      const look = async () => {
        due = null;
        if (document.hidden) return;
        const asked = name;
        try {
          const answer = await fetch("lab/look", {
            method: "POST",
            headers: {"Content-Type": "application/json"},
            body: JSON.stringify({name: asked}),
          });
          if (answer.status === GONE) return; // the server has forgotten this page; Gradio says so
          if (answer.ok && asked === name) take(await answer.json());
        } catch (error) {
          if (!(error instanceof TypeError)) throw error; // no connection: asks again, as soon as there is one
        }
        next(EVERY);
      };
      const take = ({values, fetch}) => {
        for (const [id, value] of Object.entries(values)) Lab.deliver(id, value);
        if (fetch) api.trigger("fetch", {});
      };
      const next = (wait) => {
        if (due === null && name !== null) due = setTimeout(look, wait);
      };
      document.addEventListener("visibilitychange", () => !document.hidden && next(0));

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
