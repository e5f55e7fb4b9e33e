// The gallery: small pictures of inputs, one button each; clicking one sends {"sample": its number}.
// value: {"images": packed u1 (N, H, W, C) | null, "points": packed f4 (N, 2) | null, "samples": [..], "labels": [..],
//         "chosen": sample | null}
(() => {
  "use strict";
  const Lab = window.SatiLab;

  const paint = (canvas, pixels, height, width, channels) => {
    canvas.width = width;
    canvas.height = height;
    const image = new ImageData(width, height);
    for (let i = 0; i < height * width; i++) {
      for (let c = 0; c < 3; c++) image.data[4 * i + c] = pixels[i * channels + (channels === 1 ? 0 : c)];
      image.data[4 * i + 3] = 255;
    }
    canvas.getContext("2d").putImageData(image, 0, 0);
  };

  // an input that lives in a plane: where it lies in [-1, 1] x [-1, 1]
  const dot = (x, y) => Lab.svg("svg", {class: "pixels vector", viewBox: "-1.1 -1.1 2.2 2.2", "aria-hidden": "true"},
    Lab.svg("path", {class: "vector-axes", d: "M-1 0H1M0 -1V1"}),
    Lab.svg("circle", {class: "vector-point", cx: x, cy: -y, r: 0.12}));

  Lab.register("gallery", {
    mount(root, api) {
      const grid = Lab.el("div", {class: "gallery-grid", role: "group", "aria-label": "Inputs to think about"});
      root.append(grid);
      let buttons = [];
      let drawn = null;

      const choose = (sample) => buttons.forEach(({node, own}) => node.setAttribute("aria-pressed", own === sample));

      const draw = (value) => {
        const images = Lab.unpack(value.images);
        const points = Lab.unpack(value.points);
        buttons = value.samples.map((own, i) => {
          const name = `${value.labels[i]}, test input ${own}`;
          const node = Lab.el("button", {type: "button", class: "gallery-item", "aria-label": name, title: name,
            click: () => { choose(own); api.trigger("pick", {sample: own}); }});
          if (images) {
            const [, height, width, channels] = images.shape;
            const size = height * width * channels;
            const canvas = Lab.el("canvas", {class: "pixels"});
            paint(canvas, images.data.subarray(i * size, (i + 1) * size), height, width, channels);
            node.append(canvas);
          } else node.append(dot(points.data[2 * i], points.data[2 * i + 1]));
          return {node, own};
        });
        grid.replaceChildren(...buttons.map(({node}) => node));
      };

      return {
        update(value) {
          if (!value) return;
          if (value.images !== undefined && value.id !== drawn) {
            draw(value);
            drawn = value.id;
          }
          choose(value.chosen ?? null);
        },
      };
    },
  });
})();
