/* drawing: the reader draws a digit, and the encoder answers. (drawing.py; it goes on where
 * frontend.js ends, and travels with this view alone.)
 *
 * What is drawn is ink from 0 to 255 on a sheet of 140 × 140 places, five to a pixel each way.
 */

const FINE = 5, PIXELS = 28, SHEET = FINE * PIXELS;
const BOX = 20;  // pixels of a digit's longer side
const PEN = 6;  // radius of the pen, in places of the sheet
const REACH = 4;  // how far the clouds are shown, each way

/** Ink along a line between two places of the sheet, round at its ends; it takes none away. */
function stroke(ink, [x0, y0], [x1, y1]) {
  const dx = x1 - x0, dy = y1 - y0, square = dx * dx + dy * dy;
  const span = (a, b) => [Math.floor(Math.min(a, b) - PEN - 1), Math.ceil(Math.max(a, b) + PEN + 1)]
    .map(end => clamp(end, 0, SHEET));
  const [top, bottom] = span(y0, y1), [left, right] = span(x0, x1);
  for (let y = top; y < bottom; y++)
    for (let x = left; x < right; x++) {
      const [px, py] = [x + 0.5 - x0, y + 0.5 - y0];
      const t = square ? clamp((px * dx + py * dy) / square, 0, 1) : 0;
      const covered = clamp(PEN + 0.5 - Math.hypot(px - t * dx, py - t * dy), 0, 1);
      const k = y * SHEET + x;
      ink[k] = Math.max(ink[k], 255 * covered);  // an array of whole numbers, which rounds
    }
}

/** What is drawn, as MNIST has its digits: the longer side takes 20 pixels, each the mean of a square
 * of the sheet; and the centre of mass lies in the pixel right below the middle of 28 × 28. Ink is 0
 * to 1 then. */
function asDigit(ink) {
  const digit = new Float32Array(PIXELS * PIXELS);
  let top = SHEET, bottom = 0, left = SHEET, right = 0;  // the smallest box around all ink
  ink.forEach((value, k) => {
    if (value === 0) return;
    const y = Math.floor(k / SHEET), x = k % SHEET;
    [top, bottom] = [Math.min(top, y), Math.max(bottom, y + 1)];
    [left, right] = [Math.min(left, x), Math.max(right, x + 1)];
  });
  if (!bottom) return digit;
  const longest = Math.max(bottom - top, right - left), side = longest / BOX;
  /** [place, share of it] for the places of the sheet below the k-th pixel of the box. */
  const below = (start, k) => {
    const from = start + k * side, to = from + side, places = [];
    for (let i = Math.floor(from); i < Math.min(to, SHEET); i++)
      places.push([i, Math.min(i + 1, to) - Math.max(i, from)]);
    return places;
  };
  const box = new Float64Array(BOX * BOX);
  for (let k = 0; k < box.length; k++) {
    const columns = below(left, k % BOX);
    for (const [y, tall] of below(top, Math.floor(k / BOX)))
      for (const [x, wide] of columns) box[k] += tall * wide * ink[y * SHEET + x] / (255 * side ** 2);
  }
  const mass = box.reduce((sum, value) => sum + value, 0);
  const start = (coordinate, places) => {  // of the box: all ink stays in the picture
    const centre = box.reduce((sum, value, k) => sum + value * (coordinate(k) + 0.5), 0) / mass;
    return clamp(PIXELS / 2 - Math.floor(centre), 0, PIXELS - Math.ceil(places * BOX / longest));
  };
  const across = start(k => k % BOX, right - left), down = start(k => Math.floor(k / BOX), bottom - top);
  box.forEach((value, k) => {
    if (value > 0) digit[(down + Math.floor(k / BOX)) * PIXELS + across + k % BOX] = value;
  });
  return digit;
}

/** The two terms of the bound for a digit, and all that leads to them. */
function answerTo(digit, epsilon, encode, decode) {
  const heads = encode(digit), width = epsilon.length;
  const numbers = epsilon.map((noise, j) => {
    const mu = heads[j], logVar = heads[width + j], sigma = Math.exp(logVar / 2);
    const kl = (mu * mu + sigma * sigma - logVar - 1) / 2;
    return { mu, logVar, sigma, noise, z: mu + sigma * noise, kl };
  });
  const logits = decode(Float32Array.from(numbers, number => number.z));
  let reconstruction = 0;
  const picture = digit.map((ink, i) => {
    const logit = logits[i];  // log(1 + exp(logit)), where exp would be too large too
    reconstruction += Math.max(logit, 0) + Math.log1p(Math.exp(-Math.abs(logit))) - ink * logit;
    return 1 / (1 + Math.exp(-logit));
  });
  const kl = numbers.reduce((sum, number) => sum + number.kl, 0);
  return { numbers, picture, reconstruction, kl };
}

/** The sheet, a pen on it, and `drawn(words)` after every change. Its `digit()` is what was drawn, in
 * the form of MNIST's; a picture that was put there is itself until somebody draws on it. */
function sheetOf(drawn) {
  const ink = new Uint8ClampedArray(SHEET * SHEET);
  const paper = canvasOf([SHEET, SHEET], 2);
  paper.removeAttribute("style");  // it fills the field
  const ring = make("span", { className: "cv-ring" });
  const field = make("div", { className: "cv-field", tabIndex: 0, role: "application" }, paper, ring);
  field.setAttribute("aria-label", "sheet to draw on: arrow keys move the pen, with Shift further; "
    + "the space bar puts it down and lifts it");
  let pen = [SHEET / 2, SHEET / 2], down = false, given = null;
  const show = () => {
    paint(paper, ink, [SHEET, SHEET], 255);
    ring.style.left = `${100 * pen[0] / SHEET}%`;
    ring.style.top = `${100 * pen[1] / SHEET}%`;
    ring.classList.toggle("cv-down", down);
    const [column, row] = pen.map(place => Math.floor(place / FINE));
    drawn(`pen ${down ? "down" : "up"}, row ${row}, column ${column}`);
  };
  const go = to => {
    const there = to.map(place => clamp(place, 0, SHEET - 1));
    if (down) {
      stroke(ink, pen, there);
      given = null;
    }
    pen = there;
    show();
  };
  const place = event => {
    const box = paper.getBoundingClientRect();
    return [(event.clientX - box.left) / box.width, (event.clientY - box.top) / box.height]
      .map(share => share * SHEET);
  };
  field.onpointerdown = event => {
    field.setPointerCapture(event.pointerId);
    field.focus({ preventScroll: true });
    event.preventDefault();
    down = false;  // the keyboard's line ends here
    go(place(event));
    down = true;
    go(pen);
  };
  field.onpointermove = event => { if (field.hasPointerCapture(event.pointerId)) go(place(event)); };
  field.onlostpointercapture = () => { down = false; show(); };
  field.onkeydown = event => {
    const way = { ArrowRight: [1, 0], ArrowLeft: [-1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1], " ": [0, 0] }[event.key];
    if (!way || event.altKey || event.ctrlKey || event.metaKey) return;
    event.preventDefault();
    if (event.key === " " && !event.repeat) down = !down;
    go(pen.map((at, axis) => at + way[axis] * FINE * (event.shiftKey ? 5 : 1)));
  };
  /** Put a picture on the sheet, of bytes; without one it is empty. */
  const put = picture => {
    given = picture && Float32Array.from(picture, level => level / 255);
    const level = k => picture[Math.floor(k / SHEET / FINE) * PIXELS + Math.floor(k % SHEET / FINE)];
    ink.forEach((_, k) => { ink[k] = picture ? level(k) : 0; });
    down = false;
    show();
  };
  return { field, put, digit: () => given ?? asDigit(ink) };
}

/** One line for each number of the code: its cloud μ ± σ before that of the prior, and z in it. */
function cloudsOf(width) {
  const at = value => 50 + 50 * clamp(value, -REACH, REACH) / REACH;
  const rows = Array.from({ length: width }, (_, j) => {
    const cloud = make("span", { className: "cv-cloud" }), draw = make("span", { className: "cv-draw" });
    const line = make("span", { className: "cv-line" }, make("span", { className: "cv-prior" }), cloud, draw);
    return { cloud, draw, parts: [make("small", {}, `z[${j}]`), line] };
  });
  const axis = [`−${REACH}`, "0", String(REACH)].map(text => make("small", {}, text));
  const element = make("div", { className: "cv-clouds", role: "img" }, ...rows.flatMap(row => row.parts),
    make("span"), make("span", { className: "cv-axis" }, ...axis));
  element.setAttribute("aria-label",
    "the cloud of each number of the code and the draw from it; the computation has them as numbers");
  const follow = numbers => numbers.forEach(({ mu, sigma, z }, j) => {
    const [low, high] = [at(mu - sigma), at(mu + sigma)];
    Object.assign(rows[j].cloud.style, { left: `${low}%`, width: `${high - low}%` });
    rows[j].draw.style.left = `${at(z)}%`;
  });
  return { element, follow };
}

/** The way from pixels to both terms: in steps for the number that costs most, then for all. */
function computation(width) {
  const names = ["", "μ", "log σ²", "σ", "ε", "z", "KL"];
  const head = make("tr", {}, ...names.map(name => make(name ? "th" : "td", name ? { scope: "col" } : {}, name)));
  const rows = Array.from({ length: width }, (_, j) => {
    const cells = names.slice(1).map(() => make("td"));
    return { cells, element: make("tr", {}, make("th", { scope: "row" }, `z[${j}]`), ...cells) };
  });
  const steps = make("ol");
  const caption = make("caption", {}, "All numbers of the code; the KL in nats");
  const table = make("table", {}, caption, make("thead", {}, head),
    make("tbody", {}, ...rows.map(row => row.element)));
  const element = make("details", {}, make("summary", {}, "Show the computation"), steps, table);
  const follow = ({ numbers, reconstruction, kl }) => {
    if (!element.open) return;
    const dearest = numbers.reduce((best, number, j) => (number.kl > numbers[best].kl ? j : best), 0);
    const { mu, logVar, sigma, noise, z, kl: price } = numbers[dearest];
    const bracket = value => (value < 0 ? `(${say(value)})` : say(value));
    steps.replaceChildren(...[
      `The encoder reads ${PIXELS * PIXELS} pixels and names μ and log σ² for each of ${width} numbers. `
        + `For z[${dearest}], which costs most here: μ = ${say(mu)}, log σ² = ${say(logVar)}.`,
      `σ = exp(½ log σ²) = exp(½ × ${bracket(logVar)}) = ${say(sigma)}`,
      `ε is drawn from N(0, 1), which knows nothing of the picture: ε = ${say(noise)}`,
      `z = μ + σ ε = ${say(mu)} + ${say(sigma)} × ${bracket(noise)} = ${say(z)}`,
      `½ (μ² + σ² − log σ² − 1) = ${say(price)} nats; over all ${width} numbers the KL is ${say(kl)}.`,
      `The decoder makes of z a probability p for each pixel x. Summed over all pixels, `
        + `−[x log p + (1 − x) log(1 − p)] is ${say(reconstruction)} nats, the reconstruction.`,
    ].map(text => make("li", {}, text)));
    numbers.forEach((number, j) => [number.mu, number.logVar, number.sigma, number.noise, number.z, number.kl]
      .forEach((value, k) => { rows[j].cells[k].textContent = say(value); }));
  };
  return { element, follow };
}

async function drawing(root, options) {
  const { width } = options, size = [PIXELS, PIXELS];
  const encode = await decoderOf(options.encoder), decode = await decoderOf(options.decoder);
  const anew = () => randomCode(null, width);
  let epsilon = anew();
  const pictures = ["what the encoder sees", "drawn from z"].map(name => {
    const canvas = canvasOf(size, 4, name);
    canvas.classList.add("cv-picture");
    return { canvas, element: make("div", {}, canvas, make("p", { className: "cv-caption", aria: { hidden: true } }, name)) };
  });
  const terms = ["reconstruction", "KL", "sum, −ELBO"].map(name => {
    const value = output();
    return { value, element: make("label", {}, make("span", {}, name), value) };
  });
  const clouds = cloudsOf(width), shown = computation(width), copy = copyLine();
  const { line, tell } = speech();

  /** After any change: the encoder's answer, in pictures and numbers. */
  function show(words) {
    const digit = sheet.digit();
    const answer = answerTo(digit, epsilon, encode, decode);
    const { numbers, picture, reconstruction, kl } = answer;
    [digit, picture].forEach((seen, k) => paint(pictures[k].canvas, seen, size));
    [reconstruction, kl, reconstruction + kl].forEach((value, k) => {
      terms[k].value.textContent = `${say(value)} nats`;
    });
    clouds.follow(numbers);
    shown.follow(answer);
    copy.show(`torch.tensor([${numbers.map(number => number.z.toFixed(4)).join(", ")}])`);
    if (root.isConnected)
      tell(`${words}; reconstruction ${say(reconstruction, 1)} nats, KL ${say(kl, 1)} nats`);
  }

  const sheet = sheetOf(show);
  shown.element.ontoggle = () => show("the computation");
  const clear = button("Clear", () => sheet.put(null));
  const again = button("Draw z again", () => { epsilon = anew(); show("another z"); });
  const left = make("div", { className: "cv-left" }, sheet.field,
    make("p", {}, "Draw a digit with mouse or finger; by keyboard the arrow keys move the pen, and the "
      + "space bar puts it down and lifts it."),
    make("div", { className: "cv-buttons" }, clear, again));
  if (options.pictures) {
    const starts = await unpackFrames(options.pictures.bytes, PIXELS * PIXELS);
    left.append(await startButtons(options.pictures, size, k => sheet.put(starts[k])));
    sheet.put(starts[0]);
  } else sheet.put(null);
  const legend = make("p", {}, make("small", {},
    "Each line is a number of the code: the blue bar is its cloud μ ± σ, the dot is z, drawn from it, and "
    + "the grey band is the prior’s ±1."));
  const right = make("div", { className: "cv-right" },
    make("div", { className: "cv-pictures" }, ...pictures.map(({ element }) => element)),
    make("div", { className: "cv-terms" }, ...terms.map(({ element }) => element)),
    clouds.element, legend, shown.element);
  root.replaceChildren(make("div", { className: "cv-body" }, left, right), copy.line, line);
}

VIEWS.drawing = drawing;

/** Mount the views of the page that only this module knows, and with them all others. */
export function mountLater() {
  for (const element of document.querySelectorAll('.course-view[data-live="later"]'))
    delete element.dataset.live;
  mountAll();
}
