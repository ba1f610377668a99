/* The page on which a VAE learns: controls, the map of codes, both terms as curves, pictures.
 *
 * Its parts come before it, as `trainingParts` (press/training.py): the source of the worker, and
 * pictures with their labels, packed. Colours are those of the page, light or dark.
 */
{
  const SIDE = 28, PIXELS = SIDE * SIDE;
  const COLOURS = ["#4e79a7", "#f28e2b", "#59a14f", "#e15759", "#b07aa1", "#9c755f", "#ff8fb0", "#8a8a8a",
    "#a9a423", "#2fa5b0"];  // of the digits 0 to 9
  const WIDTHS = [2, 5, 10, 20];
  const calm = matchMedia("(prefers-reduced-motion: reduce)");
  const CALM = 2000;  // milliseconds between two pictures of the map, where the reader wants it calm

  const make = (tag, properties = {}, ...children) => {
    const element = Object.assign(document.createElement(tag), properties);
    element.append(...children);
    return element;
  };

  async function inflate(text) {
    const packed = Uint8Array.from(atob(text), letter => letter.charCodeAt(0));
    const stream = new Blob([packed]).stream().pipeThrough(new DecompressionStream("deflate"));
    return new Uint8Array(await new Response(stream).arrayBuffer());
  }

  /** A canvas to draw on in units of the page, sharp on any screen; `paint(brush, width, height)`. */
  function sheet(name, ratio, paint) {
    const canvas = make("canvas", { className: "ct-sheet" });
    canvas.setAttribute("role", "img");
    canvas.setAttribute("aria-label", name);
    canvas.style.aspectRatio = String(ratio);
    const show = () => {
      const width = canvas.clientWidth, height = width / ratio, fine = devicePixelRatio;
      Object.assign(canvas, { width: width * fine, height: height * fine });
      const brush = canvas.getContext("2d");
      brush.scale(fine, fine);
      const { color, fontFamily } = getComputedStyle(canvas);
      Object.assign(brush, { fillStyle: color, strokeStyle: color, font: `13px ${fontFamily}` });
      paint(brush, width, height);
    };
    new ResizeObserver(show).observe(canvas);
    return { canvas, show };
  }

  /** Which two numbers of the code say most: [their places], by the mean KL of each. */
  function twoThatSayMost({ mu, logVar }, width) {
    const price = new Float64Array(width);
    mu.forEach((value, k) => { price[k % width] += value ** 2 + Math.exp(logVar[k]) - logVar[k] - 1; });
    const order = [...price.keys()].sort((a, b) => price[b] - price[a]);
    return order.slice(0, 2).sort((a, b) => a - b);
  }

  /** The map: the mean of each picture's cloud, a digit's name at the middle of its own. */
  function paintMap(brush, side, look, width, labels) {
    const [across, up] = look ? twoThatSayMost(look, width) : [0, 1];
    const places = look ? Array.from(labels, (label, k) =>
      [look.mu[k * width + across], look.mu[k * width + up]]) : [];
    const reach = Math.ceil(Math.max(3, ...places.flat().map(Math.abs)));
    const at = value => side / 2 * (1 + value / reach);
    brush.globalAlpha = 0.35;
    brush.strokeRect(0.5, 0.5, side - 1, side - 1);
    for (const radius of [1, 2]) {  // the prior's
      brush.beginPath();
      brush.arc(side / 2, side / 2, side / 2 * radius / reach, 0, 2 * Math.PI);
      brush.stroke();
    }
    brush.globalAlpha = 0.8;
    const ink = brush.fillStyle, middles = COLOURS.map(() => [0, 0, 0]);
    places.forEach(([x, y], k) => {
      brush.fillStyle = COLOURS[labels[k]];
      brush.beginPath();
      brush.arc(at(x), at(-y), 2.6, 0, 2 * Math.PI);
      brush.fill();
      [x, y, 1].forEach((value, i) => { middles[labels[k]][i] += value; });
    });
    Object.assign(brush, { globalAlpha: 1, fillStyle: ink, textAlign: "left" });
    brush.fillText(`z[${across}] to the right, z[${up}] up; ±${reach}`, 6, side - 8);
    Object.assign(brush, { font: brush.font.replace("13px", "bold 17px"), textAlign: "center",
      textBaseline: "middle", lineWidth: 4, lineJoin: "round",
      strokeStyle: getComputedStyle(document.body).backgroundColor });
    middles.forEach(([x, y, count], digit) => {
      if (!count) return;
      brush.strokeText(digit, at(x / count), at(-y / count));
      brush.fillText(digit, at(x / count), at(-y / count));
    });
  }

  /** A term after each pass, in nats. */
  function paintCurve(brush, width, height, name, values) {
    brush.fillText(`${name}, nats`, 4, 14);
    if (!values.length) return;
    const low = Math.min(...values), span = Math.max(...values) - low || 1;
    const x = k => 44 + (width - 52) * k / Math.max(values.length - 1, 9);
    const y = value => height - 22 - (height - 50) * (value - low) / span;
    brush.globalAlpha = 0.4;
    brush.strokeRect(44, 24, width - 48, height - 42);
    brush.globalAlpha = 1;
    brush.textAlign = "right";
    [low, low + span].forEach(value => brush.fillText(value.toFixed(span < 20 ? 1 : 0), 40, y(value) + 4));
    brush.fillText(`pass ${values.length}`, width - 4, height - 4);
    Object.assign(brush, { strokeStyle: "#2f81d6", fillStyle: "#2f81d6", lineWidth: 2 });
    brush.beginPath();
    values.forEach((value, k) => brush.lineTo(x(k), y(value)));
    brush.stroke();
    brush.beginPath();
    brush.arc(x(values.length - 1), y(values.at(-1)), 3, 0, 2 * Math.PI);
    brush.fill();
  }

  /** Ten pictures above, and below what the network makes of each. */
  function paintDigits(canvas, shown, logits) {
    Object.assign(canvas, { width: 10 * SIDE, height: 2 * SIDE });
    const brush = canvas.getContext("2d");
    [k => shown[k] / 255, k => (logits ? 1 / (1 + Math.exp(-logits[k])) : 0)].forEach((ink, row) => {
      for (let picture = 0; picture < 10; picture++) {
        const pixels = new ImageData(SIDE, SIDE);
        for (let i = 0; i < PIXELS; i++) {
          const light = 255 * (1 - ink(picture * PIXELS + i));
          pixels.data.set([light, light, light, 255], 4 * i);
        }
        brush.putImageData(pixels, picture * SIDE, row * SIDE);
      }
    });
  }

  async function mount(root) {
    const [images, shown, labels] = await Promise.all(
      ["images", "shown", "labels"].map(name => inflate(trainingParts[name])));
    const source = URL.createObjectURL(new Blob([trainingParts.worker], { type: "text/javascript" }));
    let worker = null, running = false, width = 2, look = null, painted = 0, passes = [];

    const button = make("button", { type: "button", textContent: "Train" });
    const again = make("button", { type: "button", textContent: "Start again", disabled: true });
    const numbers = make("select", {}, ...WIDTHS.map(each => make("option", { value: each, textContent: each })));
    const beta = make("input", { type: "range", min: 0, max: 8, step: 0.1, value: 1 });
    const price = make("output", { textContent: "1.0" });
    const line = make("p", { className: "ct-line" });
    const heard = make("p", { className: "ct-unseen" });
    heard.setAttribute("role", "status");

    const map = sheet("map of codes: a dot for each of some pictures that it does not learn from, coloured by "
      + "digit; circles are one and two standard deviations of the prior", 1,
    (brush, side) => paintMap(brush, side, look, width, labels));
    const curves = ["reconstruction", "KL"].map((name, term) => sheet(`${name} after each pass, as a curve`, 2.1,
      (brush, wide, tall) => paintCurve(brush, wide, tall, name, passes.map(pass => pass.terms[term]))));
    const digits = make("canvas", { className: "ct-digits" });
    digits.setAttribute("role", "img");
    digits.setAttribute("aria-label", "ten pictures that it does not learn from, and below each what the network makes of it");

    const say = words => { heard.textContent = words; };
    const show = () => {
      painted = performance.now();
      [map, ...curves].forEach(each => each.show());
      paintDigits(digits, shown, look?.logits);
    };
    const tell = () => {
      const last = passes.at(-1);
      if (!last) return "Nothing learned yet.";
      const [reconstruction, kl] = last.terms.map(term => term.toFixed(1));
      return `Pass ${passes.length}, ${last.seconds.toFixed(1)} s: reconstruction ${reconstruction} + KL ${kl} = `
        + `${(last.terms[0] + last.terms[1]).toFixed(1)} nats, −ELBO of a picture.`;
    };
    const write = () => {
      line.textContent = tell();
      button.textContent = running ? "Pause" : "Train";
      again.disabled = !worker;
    };

    function hear({ data }) {
      if (data.failed) {
        stop();
        line.textContent = `This browser cannot train: ${data.failed}`;
        return;
      }
      if (data.mu) look = data;
      if (data.pass) {
        passes.push({ seconds: data.seconds, terms: [data.reconstruction, data.kl] });
        running &&= !data.resting;
        write();
        if (data.resting || passes.length % 10 === 0) say(tell());
      }
      if (!calm.matches || performance.now() - painted > CALM || !running) show();
    }

    /** Forget all that was learned. */
    function stop() {
      worker?.terminate();
      [worker, running, look, passes] = [null, false, null, []];
      write();
      show();
    }

    button.onclick = () => {
      running = !running;
      if (worker) worker.postMessage({ running });
      else {
        worker = new Worker(source);
        worker.onmessage = hear;
        const seed = Math.floor(2 ** 31 * Math.random());
        worker.postMessage({ images, shown, width, beta: Number(beta.value), seed, running });
      }
      write();
      say(running ? "it trains" : "it pauses");
    };
    again.onclick = () => { stop(); say("all forgotten"); button.focus(); };
    numbers.onchange = () => { width = Number(numbers.value); stop(); };
    beta.oninput = () => {
      price.textContent = Number(beta.value).toFixed(1);
      worker?.postMessage({ beta: Number(beta.value) });
    };
    new MutationObserver(show).observe(document.documentElement, { attributeFilter: ["data-theme"] });

    root.replaceChildren(
      make("div", { className: "ct-controls" }, button, again,
        make("label", {}, "numbers of the code ", numbers),
        make("label", { className: "ct-beta" }, "β ", beta, price)),
      line, heard,
      make("div", { className: "ct-body" }, map.canvas,
        make("div", { className: "ct-right" }, ...curves.map(each => each.canvas), digits)));
    write();
    show();
    root.dataset.live = "";
  }

  mount(document.getElementById("training")).catch(console.error);  // the picture stays
}
