// Brings a tab up when the server says so: what was asked for is ready there. See lab/web/panels.py, way and go.
(() => {
  "use strict";
  const Lab = window.SatiLab;

  Lab.register("way", {
    mount() {
      let gone = 0;
      return {
        update(value) {
          if (!value || value.times === gone) return;
          gone = value.times;
          window.SatiPage.view(value.place);
        },
      };
    },
  });
})();
