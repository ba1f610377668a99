/* The views in the browser: `mount(element, options)` draws one of them into an element.
 *
 * One module without dependencies, read from top to bottom: unpacking, the decoder, painting, parts
 * of a page, then one function for each view. What a view needs comes in `options`, which Python
 * writes (views.py, packing.py). Nothing here asks a server for anything.
 *
 * A picture is held as numbers from 0 to 1 (or 255), pixel by pixel. In grey they are ink: 0 is white
 * paper. In colour they are light, three for each pixel: 0 is none. Its size, wherever one is asked
 * for, is height, width and channels: 1, or 3 in colour.
 */

// --- unpacking -----------------------------------------------------------------------------------

/** Base64 of zlib-compressed bytes, as bytes. */
async function inflate(text) {
  const packed = Uint8Array.from(atob(text), letter => letter.charCodeAt(0));
  const stream = new Blob([packed]).stream().pipeThrough(new DecompressionStream("deflate"));
  return new Uint8Array(await new Response(stream).arrayBuffer());
}

/** Frames of `size` bytes, each packed as its difference to the one before (modulo 256). */
async function unpackFrames(text, size) {
  const bytes = await inflate(text);
  for (let i = size; i < bytes.length; i++) bytes[i] += bytes[i - size];
  return Array.from({ length: bytes.length / size }, (_, k) => bytes.subarray(k * size, (k + 1) * size));
}

/** The layers with their weights: scales and biases first, then a lower and an upper byte each. */
async function unpackLayers(packed) {
  const { buffer } = await inflate(packed.bytes);
  const floats = new Float32Array(buffer, 0, packed.floats);
  const bytes = new Int8Array(buffer, 4 * packed.floats);
  const all = bytes.length / 2;
  let float = 0, byte = 0;
  return packed.layers.map(layer => {
    const [scale] = floats.subarray(float, ++float);
    const bias = floats.subarray(float, float += layer.outputs);
    const weight = new Float32Array(layer.inputs * layer.kernel[0] * layer.kernel[1] * layer.outputs);
    for (let i = 0; i < weight.length; i++, byte++)
      weight[i] = scale * (bytes[byte] + 256 * bytes[all + byte]);
    const places = layer.target[0] * layer.target[1];
    const result = new Float32Array(places * layer.outputs);
    return { ...layer, weight, bias, result, reach: reachOf(layer) };
  });
}

// --- the decoder ---------------------------------------------------------------------------------

/** For each place of the grid before a layer: the outputs it reaches, as kernel place, target, … */
function reachOf({ source, target, kernel, stride, padding, transposed }) {
  const [above, left = above] = [padding].flat();  // older pages have one number for both
  const along = (axis, from, k) => {
    const margin = axis ? left : above;
    const to = transposed ? from * stride - margin + k : (from + margin - k) / stride;
    return Number.isInteger(to) && to >= 0 && to < target[axis] ? to : null;
  };
  const places = [];
  for (let row = 0; row < source[0]; row++)
    for (let column = 0; column < source[1]; column++) {
      const reached = [];
      for (let i = 0; i < kernel[0]; i++)
        for (let j = 0; j < kernel[1]; j++) {
          const y = along(0, row, i), x = along(1, column, j);
          if (y !== null && x !== null) reached.push(i * kernel[1] + j, y * target[1] + x);
        }
      places.push(Int32Array.from(reached));
    }
  return places;
}

/** One layer: each input, times a weight, is added to the outputs that it reaches. */
function apply({ inputs, outputs, kernel, weight, bias, result, reach, relu }, x) {
  for (let place = 0; place < result.length; place += outputs) result.set(bias, place);
  const block = outputs * kernel[0] * kernel[1];
  reach.forEach((reached, place) => {
    for (let channel = 0; channel < inputs; channel++) {
      const value = x[place * inputs + channel];
      if (value === 0) continue;  // after a ReLU about half of them are
      for (let k = 0; k < reached.length; k += 2) {
        let from = channel * block + reached[k] * outputs, to = reached[k + 1] * outputs;
        for (const end = to + outputs; to < end; to++, from++) result[to] += value * weight[from];
      }
    }
  });
  if (relu) for (let i = 0; i < result.length; i++) if (result[i] < 0) result[i] = 0;
  return result;
}

/** The decoder as a function from inputs to a picture, in an array that the next call overwrites. */
async function decoderOf(packed) {
  const layers = await unpackLayers(packed);
  const picture = new Float32Array(layers.at(-1).result.length);
  return inputs => {
    const logits = layers.reduce((x, layer) => apply(layer, x), inputs);
    for (let i = 0; i < picture.length; i++)
      picture[i] = packed.output === "sigmoid" ? 1 / (1 + Math.exp(-logits[i])) : logits[i];
    return picture;
  };
}

// --- painting ------------------------------------------------------------------------------------

/** Paint a picture of numbers up to `most` on a canvas, at a place; pixels keep their size. */
function paint(canvas, picture, [tall, wide, channels = 1], most = 1, left = 0, top = 0) {
  const pixels = new ImageData(wide, tall);
  const light = k => {
    const share = Math.min(Math.max(picture[k] / most, 0), 1);
    return Math.round(255 * (channels === 1 ? 1 - share : share));
  };
  for (let i = 0; i < 4 * tall * wide; i++) {  // red, green, blue and how opaque, pixel by pixel
    const pixel = Math.floor(i / 4), colour = i % 4;
    pixels.data[i] = colour === 3 ? 255 : light(channels * pixel + colour % channels);
  }
  canvas.getContext("2d").putImageData(pixels, left, top);
}

/** How many numbers a picture of a size holds. */
const numbersIn = ([tall, wide, channels = 1]) => tall * wide * channels;

/** How many times as large a picture is shown whose longer side is to take so many screen pixels. */
function zoomTo(side, [tall, wide]) {
  const zoom = side / Math.max(tall, wide);
  return zoom > 1 ? Math.floor(zoom) : zoom;  // each pixel is a square of whole ones, if it can be
}

/** A canvas of so many pixels, shown `zoom` times as large where there is room. A name makes it an
 * image. */
function canvasOf([tall, wide], zoom, name) {
  const canvas = make("canvas", { width: wide, height: tall });
  canvas.style.width = `${wide * zoom}px`;
  canvas.style.aspectRatio = `${wide} / ${tall}`;
  if (name) { canvas.setAttribute("role", "img"); canvas.setAttribute("aria-label", name); }
  else canvas.setAttribute("aria-hidden", "true");
  return canvas;
}

/** A square part of a picture of that size. */
const crop = (picture, [, wide, channels = 1], side, top, left) =>
  Float32Array.from({ length: side * side * channels }, (_, k) => {
    const i = Math.floor(k / channels);
    const pixel = (top + Math.floor(i / side)) * wide + left + i % side;
    return picture[pixel * channels + k % channels];
  });

// --- parts of a page -----------------------------------------------------------------------------

function make(tag, properties = {}, ...children) {
  const { aria = {}, ...others } = properties;
  const element = Object.assign(document.createElement(tag), others);
  for (const [name, value] of Object.entries(aria)) element.setAttribute(`aria-${name}`, value);
  // What has the focus keeps its keys from Jupyter (course_utils/_keys.py).
  if (element.matches("button, input, [tabindex]")) element.dataset.lmSuppressShortcuts = "true";
  element.append(...children);
  return element;
}

const button = (text, onclick) => make("button", { type: "button", onclick }, text);

/** A value that is seen; its slider says it to screen readers, which an output would repeat. */
const output = () => make("output", { aria: { live: "off" } });

/** A line for screen readers alone, which say it once nothing has changed for a while. */
function speech() {
  const line = make("p", { className: "cv-unseen", role: "status" });
  let waiting;
  const tell = text => {
    clearTimeout(waiting);
    waiting = setTimeout(() => { line.textContent = text; }, 400);
  };
  return { line, tell };
}

/** A labelled set of controls. */
const group = (name, className, ...children) =>
  make("fieldset", { className }, make("legend", {}, name), ...children);

/** A number as it is read: with a real minus sign and so many decimals. */
const say = (value, decimals = 2) => (value < 0 ? "−" : "") + Math.abs(value).toFixed(decimals);

const clamp = (value, low, high) => Math.min(Math.max(value, low), high);

const lengthOf = code => Math.sqrt(code.reduce((sum, value) => sum + value * value, 0));

/** A read-only line of Python, and a button that copies it. */
function copyLine() {
  const field = make("input", { type: "text", readOnly: true });
  const said = make("span", { className: "cv-said", role: "status" });
  const copy = button("Copy", async () => {
    try {
      await navigator.clipboard.writeText(field.value);
    } catch {  // not allowed here: the old way
      field.select();
      document.execCommand("copy");
      copy.focus();
    }
    said.textContent = "Copied";
    setTimeout(() => { said.textContent = ""; }, 2000);
  });
  const line = make("div", { className: "cv-copy" }, make("label", {}, "Code for Python", field), copy, said);
  return { line, show: text => { field.value = text; } };
}

/** Work that can wait: once nothing has changed for `rest` ms, in slices while the page is idle. */
function whenRested(rest = 100) {
  const soon = window.requestIdleCallback ?? (work => setTimeout(() => work({ timeRemaining: () => 8 }), 16));
  let round = 0;
  return jobs => {
    const mine = ++round;
    const slice = deadline => {
      if (mine !== round) return;  // something has changed since
      do jobs.shift()?.(); while (jobs.length && deadline.timeRemaining() > 4);
      if (jobs.length) soon(slice, { timeout: 300 });
    };
    setTimeout(() => soon(slice, { timeout: 300 }), rest);
  };
}

/** A play button that calls `step(seconds since the last call)` for each frame of the screen. */
function playButton(step) {
  let playing = false, last = 0;
  const frame = now => {
    if (!playing || !play.isConnected) return;
    step((now - last) / 1000);
    last = now;
    requestAnimationFrame(frame);
  };
  const set = on => {
    playing = on;
    play.textContent = on ? "Pause" : "Play";
    last = performance.now();
    if (on) requestAnimationFrame(frame);
  };
  const play = button("Play", () => set(!playing));
  play.classList.add("cv-play");
  return { play, stop: () => set(false) };
}

/** Small pictures as buttons: `choose(k)` begins with the k-th. */
async function startButtons(pictures, size, choose) {
  const starts = await unpackFrames(pictures.bytes, numbersIn(size));
  return group("Start from this picture", "cv-starts", ...starts.map((picture, k) => {
    const canvas = canvasOf(size, zoomTo(28, size));
    paint(canvas, picture, size, 255);
    const start = button(canvas, () => choose(k));
    start.setAttribute("aria-label", `start from ${pictures.names[k]}`);
    start.title = pictures.names[k];
    return start;
  }));
}

// --- scrub: a code of numbers --------------------------------------------------------------------

async function scrub(root, options) {
  const { image, decimals, low, high, start, classes, order } = options;
  const decode = await decoderOf(options.decoder);
  const code = Float64Array.from(start);
  let label = options.label;
  const round = value => Number(value.toFixed(decimals));
  const within = (value, j) => clamp(round(value), low[j], high[j]);

  /** What the decoder draws from a code, under a label if the model knows labels. */
  const inputs = new Float32Array(code.length + (classes ?? 0));
  const draw = (numbers, given = label) => {
    inputs.fill(0);
    inputs.set(numbers);
    if (classes) inputs[numbers.length + given] = 1;
    return decode(inputs);
  };

  const picture = canvasOf(image, zoomTo(224, image), "decoded picture");
  picture.classList.add("cv-picture");
  const caption = make("p", { className: "cv-caption" });
  const copy = copyLine();
  const strip = classes ? labelStrip() : null;
  const plane = options.plane ? planeOf() : null;
  const rows = order.map(rowOf);
  const later = whenRested();
  const { line, tell } = speech();

  /** After any change: the picture at once, the small ones when the code has come to rest. */
  function show() {
    paint(picture, draw(code), image);
    const length = say(lengthOf(code));
    picture.setAttribute("aria-label", `decoded picture; code of length ${length}`);
    caption.textContent = `code of length ${length}`;
    copy.show(`torch.tensor([${Array.from(code, value => value.toFixed(decimals)).join(", ")}])`);
    rows.forEach(row => row.follow());
    strip?.follow();
    plane?.follow();
    later(rows.filter(row => !row.element.hidden).map(row => row.redraw));
  }

  /** A slider for number j, between what the picture becomes at either end. */
  function rowOf(j) {
    const ends = [low[j], high[j]];
    const thumbs = ends.map(() => canvasOf(image, zoomTo(56, image)));
    const moves = options.activity ? (options.silent[j] ? "silent" : `moves ${say(options.activity[j])}`) : "";
    const slider = make("input", { type: "range", min: low[j], max: high[j], step: 10 ** -decimals });
    slider.setAttribute("aria-label", [`z[${j}]`, moves].filter(Boolean).join(", "));
    const value = output();
    const name = make("span", { className: "cv-name" }, `z[${j}]`);
    const text = make("span", { className: "cv-text" }, name, value);
    const label = make("label", {}, text, slider, make("small", {}, moves));
    const element = make("div", { className: "cv-row" }, thumbs[0], label, thumbs[1]);
    element.classList.toggle("cv-silent", moves === "silent");
    const step = round((high[j] - low[j]) / 60) || 10 ** -decimals;
    slider.oninput = () => { code[j] = Number(slider.value); show(); };
    slider.onkeydown = event => {  // one key press is a step that one sees, not the finest there is
      const way = { ArrowRight: 1, ArrowUp: 1, ArrowLeft: -1, ArrowDown: -1 }[event.key];
      if (!way || event.altKey) return;
      event.preventDefault();
      code[j] = within(code[j] + way * step * (event.shiftKey ? 5 : 1), j);
      show();
    };
    let shown = null;
    const follow = () => {
      if (shown === code[j]) return;
      shown = slider.value = code[j];
      value.textContent = say(code[j], decimals);
      slider.setAttribute("aria-valuetext", say(code[j], decimals));
    };
    const redraw = () => ends.forEach((end, side) => {
      const there = code.slice();
      there[j] = end;
      paint(thumbs[side], draw(there), image);
    });
    return { element, follow, redraw };
  }

  /** The labels to choose from, each with what the present code becomes under it. */
  function labelStrip() {
    const thumbs = [];
    const radios = Array.from({ length: classes }, (_, k) => {
      const radio = make("input", { type: "radio", name: "label", value: k, checked: k === label });
      radio.onchange = () => { label = k; plane?.redraw(); show(); tell(`label ${k}`); };
      thumbs.push(canvasOf(image, zoomTo(56, image)));
      return make("label", {}, thumbs[k], make("span", {}, radio, String(k)));
    });
    const element = group("Label: this code under each", "cv-strip", ...radios);
    const follow = () => {
      thumbs.forEach((thumb, k) => paint(thumb, draw(code, k), image));
      radios[label].querySelector("input").checked = true;
    };
    return { element, follow };
  }

  /** All codes of two numbers as a map of small pictures, over which one drags. */
  function planeOf() {
    const { dots, colours, names, cells } = options.plane;
    const [tall, wide] = image, zoom = zoomTo(28, image);
    const map = canvasOf([tall * cells, wide * cells], zoom);
    const marks = canvasOf([tall, wide].map(side => Math.round(2 * zoom * side * cells)), 0.5);
    for (const canvas of [map, marks]) canvas.removeAttribute("style");  // they fill the field
    const ring = make("span", { className: "cv-ring" });
    const field = make("div", { className: "cv-field", tabIndex: 0, role: "application" }, map, marks, ring);
    field.style.width = `${zoom * map.width}px`;
    field.style.aspectRatio = `${map.width} / ${map.height}`;
    const across = j => high[j] - low[j];
    const inside = () => [(code[0] - low[0]) / across(0), (high[1] - code[1]) / across(1)];
    const here = () => `z[0] = ${say(code[0], decimals)}, z[1] = ${say(code[1], decimals)}`;
    const go = (a, b) => {
      code[0] = within(a, 0);
      code[1] = within(b, 1);
      show();
      tell(`${here()}${neighbour()}`);
    };
    /** In words: whose code is nearest. */
    const neighbour = () => {
      const far = ([a, b]) => Math.hypot(a - code[0], b - code[1]);
      const nearest = dots.reduce((best, dot) => (!best || far(dot) < far(best) ? dot : best), null);
      return nearest && names.length ? `; the nearest code is a ${names[nearest[2]]}` : "";
    };
    const drag = event => {
      const box = map.getBoundingClientRect();
      const x = (event.clientX - box.left) / box.width, y = (event.clientY - box.top) / box.height;
      go(low[0] + x * across(0), high[1] - y * across(1));
    };
    field.onpointerdown = event => {
      field.setPointerCapture(event.pointerId);
      field.focus({ preventScroll: true });
      event.preventDefault();
      drag(event);
    };
    field.onpointermove = event => { if (field.hasPointerCapture(event.pointerId)) drag(event); };
    field.onkeydown = event => {
      const way = {
        ArrowRight: [1, 0], ArrowLeft: [-1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1],
        End: [60, 0], Home: [-60, 0], PageUp: [0, 60], PageDown: [0, -60], " ": [0, 0],
      }[event.key];  // to the edges, where a page would scroll away
      if (!way || event.altKey || event.ctrlKey || event.metaKey) return;
      event.preventDefault();
      const step = j => way[j] * across(j) / 60 * (event.shiftKey ? 5 : 1);
      go(code[0] + step(0), code[1] + step(1));
    };
    const idle = whenRested(0);
    const redraw = () => idle(Array.from({ length: cells * cells }, (_, k) => () => {
      const x = k % cells, y = Math.floor(k / cells);
      const middle = [low[0] + (x + 0.5) / cells * across(0), high[1] - (y + 0.5) / cells * across(1)];
      paint(map, draw(middle), image, 1, x * wide, y * tall);
    }));
    const follow = () => {
      const [x, y] = inside();
      ring.style.left = `${100 * x}%`;
      ring.style.top = `${100 * y}%`;
    };
    field.setAttribute("aria-label", "plane of codes: arrow keys move, with Shift further");
    const brush = marks.getContext("2d");
    for (const [a, b, kind] of dots) {
      brush.beginPath();
      brush.arc((a - low[0]) / across(0) * marks.width, (high[1] - b) / across(1) * marks.height, 5, 0, 7);
      brush.fillStyle = colours[kind];
      brush.fill();
      brush.stroke();
    }
    const legend = make("p", { className: "cv-legend" });
    if (dots.length) {
      const pale = on => { marks.hidden = !on; map.classList.toggle("cv-pale", on); };
      const tick = make("input", { type: "checkbox", checked: true, onchange: () => pale(tick.checked) });
      legend.append(make("label", {}, tick, options.plane.words));
      names.forEach((name, k) => {
        const spot = make("i", { className: "cv-dot" });
        spot.style.background = colours[k];
        legend.append(make("span", {}, spot, name));
      });
      pale(true);
    }
    const axis = (j, className) => make("span", { className },
      say(low[j], 1), make("b", {}, `z[${j}]`), say(high[j], 1));
    const element = make("div", { className: "cv-plane" }, field, axis(1, "cv-up"), axis(0, "cv-along"), legend);
    return { element, follow, redraw };
  }

  const go = (numbers, given) => {
    numbers.forEach((value, j) => { code[j] = within(value, j); });
    if (given !== undefined && given !== label) { label = given; plane?.redraw(); }
    show();
    tell(`a code of length ${say(lengthOf(code))}`);
  };
  const buttons = make("div", { className: "cv-buttons" },
    button("Reset", () => go(start, options.label ?? undefined)),
    button("Random code", () => go(randomCode(options.random, code.length))));
  const left = make("div", { className: "cv-left" }, picture, caption, buttons);
  if (options.pictures) {
    const { codes, labels } = options.pictures;
    left.append(await startButtons(options.pictures, image, k => go(codes[k], labels?.[k])));
  }
  const sliders = make("div", { className: "cv-rows" }, ...rows.map(row => row.element));
  const right = make("div", { className: "cv-right" }, ...options.notes.map(text => make("p", {}, text)), sliders);
  const many = 24;
  if (rows.length > many + 8) {
    rows.slice(many).forEach(row => { row.element.hidden = true; });
    const more = button(`Show all ${rows.length} numbers`, () => {
      rows.forEach(row => { row.element.hidden = false; });
      rows[many].element.querySelector("input").focus();
      more.remove();
      show();
    });
    right.append(more);
  }
  const body = make("div", { className: "cv-body" }, left, ...(plane ? [plane.element] : []), right);
  root.replaceChildren(body, ...(strip ? [strip.element] : []), copy.line, line);
  plane?.redraw();
  show();
}

/** Draws from N(0, I), or from the Gaussian given: its mean, and a factor of its covariance. */
function randomCode(gaussian, size) {
  // Box and Muller: two uniform draws make a normal one.
  const normal = Array.from({ length: size }, () =>
    Math.sqrt(-2 * Math.log(1 - Math.random())) * Math.cos(2 * Math.PI * Math.random()));
  if (!gaussian) return normal;
  return gaussian.mean.map((mean, i) =>
    gaussian.factor[i].reduce((sum, weight, j) => sum + weight * normal[j], mean));
}

// --- symbols: a code of the VQ-VAE ---------------------------------------------------------------

async function symbols(root, options) {
  const { image, grid, dim } = options;
  const decode = await decoderOf(options.decoder);
  const book = new Float32Array((await inflate(options.codebook)).buffer);
  const size = book.length / dim, places = grid[0] * grid[1];
  const code = Int32Array.from(options.start);
  const zoom = zoomTo(300, image);
  let here = Math.floor(grid[0] / 2) * grid[1] + Math.floor(grid[1] / 2);

  const inputs = new Float32Array(places * dim);
  const draw = indices => {
    indices.forEach((symbol, k) => inputs.set(book.subarray(symbol * dim, (symbol + 1) * dim), k * dim));
    return decode(inputs);
  };

  const picture = canvasOf(image, zoom, "decoded picture");
  picture.classList.add("cv-picture");
  const caption = make("p", { className: "cv-caption" });
  const copy = copyLine();
  const where = k => `row ${Math.floor(k / grid[1])}, column ${k % grid[1]}`;  // as in Python

  // The places: buttons over the picture, of which Tab reaches one and the arrow keys the others.
  const cells = Array.from(code, (_, k) => button("", () => choose(k)));
  const field = make("div", { className: "cv-cells", role: "group", ariaLabel: "places of the code" }, ...cells);
  field.style.gridTemplate = `repeat(${grid[0]}, 1fr) / repeat(${grid[1]}, 1fr)`;
  field.onkeydown = event => {
    const way = { ArrowRight: [0, 1], ArrowLeft: [0, -1], ArrowUp: [-1, 0], ArrowDown: [1, 0] }[event.key];
    if (!way || event.altKey || event.ctrlKey || event.metaKey) return;
    event.preventDefault();
    const row = clamp(Math.floor(here / grid[1]) + way[0], 0, grid[0] - 1);
    choose(row * grid[1] + clamp(here % grid[1] + way[1], 0, grid[1] - 1), true);
  };

  // The palette: what the picture would become around the chosen place.
  const side = Math.min(image[0], image[1], 3 * Math.floor(image[1] / grid[1]));
  const radios = Array.from({ length: size }, (_, symbol) => {
    const radio = make("input", { type: "radio", name: "symbol", value: symbol });
    radio.setAttribute("aria-label", `symbol ${symbol}`);
    radio.onchange = () => { code[here] = symbol; show(); };
    return make("label", { title: `symbol ${symbol}` }, radio, canvasOf([side, side], zoomTo(36, [side, side])));
  });
  const palette = group("Symbol at the chosen place", "cv-palette", make("div", {}, ...radios));
  const later = whenRested();
  const corner = (place, axis) => {
    const centre = (place + 0.5) * image[axis] / grid[axis];
    return clamp(Math.round(centre - side / 2), 0, image[axis] - side);
  };
  let surroundings = "";
  function redrawPalette() {
    const there = code.slice(), place = here;
    there[place] = -1;
    const now = `${place}: ${there}`;  // another symbol at the place itself changes nothing
    if (now === surroundings) return;
    surroundings = now;
    const top = corner(Math.floor(place / grid[1]), 0), left = corner(place % grid[1], 1);
    later(radios.map((radio, symbol) => () => {
      there[place] = symbol;
      paint(radio.querySelector("canvas"), crop(draw(there), image, side, top, left), [side, side, image[2]]);
    }));
  }

  function choose(place, focus = false) {
    here = place;
    if (focus) cells[place].focus();
    show();
    radios[code[here]].scrollIntoView({ block: "nearest" });
  }

  function show() {
    paint(picture, draw(code), image);
    picture.setAttribute("aria-label", `decoded picture; ${new Set(code).size} different symbols`);
    caption.textContent = `${where(here)}: symbol ${code[here]}`;
    cells.forEach((cell, k) => {
      cell.tabIndex = k === here ? 0 : -1;
      cell.setAttribute("aria-pressed", k === here);
      cell.setAttribute("aria-label", `${where(k)}: symbol ${code[k]}`);
    });
    radios[code[here]].querySelector("input").checked = true;
    redrawPalette();
    const lines = Array.from({ length: grid[0] }, (_, row) =>
      `[${Array.from(code.subarray(row * grid[1], (row + 1) * grid[1])).join(", ")}]`);
    copy.show(`torch.tensor([${lines.join(", ")}])`);
  }

  const go = numbers => { code.set(numbers); show(); };
  const buttons = make("div", { className: "cv-buttons" }, button("Reset", () => go(options.start)));
  const frame = make("div", { className: "cv-over" }, picture, field);
  const starts = await startButtons(options.pictures, image, k => go(options.pictures.codes[k]));
  const left = make("div", { className: "cv-left" }, frame, caption, buttons);
  const notes = options.notes.map(text => make("p", {}, text));
  const right = make("div", { className: "cv-right" }, ...notes, palette, starts);
  root.replaceChildren(make("div", { className: "cv-body" }, left, right), copy.line);
  show();
}

// --- walk and film: pictures that Python drew ----------------------------------------------------

/** Several rows of pictures, of which each shows one at a time; a slider moves all of them. */
async function play(root, options) {
  const { image, tiles, zoom, names, rows, seconds, back } = options;
  const [tall, wide] = image, gap = tiles > 1 ? 1 : 0, count = names.length;
  const columns = clamp(Math.floor(options.room / (zoom * (wide + gap))), 1, options.columns);
  const one = numbersIn(image);
  const frames = await unpackFrames(options.bytes, one * tiles * rows.length);
  const size = [Math.ceil(tiles / columns) * (tall + gap) - gap, columns * (wide + gap) - gap];
  const views = rows.map(({ name }) => {
    const canvas = canvasOf(size, zoom, name);
    canvas.classList.add("cv-picture");
    const caption = make("p", { className: "cv-caption" });
    return { canvas, caption, element: make("div", {}, canvas, caption) };
  });
  const slider = make("input", { type: "range", min: 0, max: count - 1, step: 1, value: 0 });
  slider.setAttribute("aria-label", options.control);
  const value = output();
  const { line, tell } = speech();
  let at = 0, way = 1;

  function show() {
    const k = clamp(Math.round(at), 0, count - 1);
    views.forEach(({ canvas, caption }, row) => {
      for (let tile = 0; tile < tiles; tile++) {
        const from = (row * tiles + tile) * one;
        const picture = frames[k].subarray(from, from + one);
        const left = tile % columns * (wide + gap), top = Math.floor(tile / columns) * (tall + gap);
        paint(canvas, picture, image, 255, left, top);
      }
      const text = [rows[row].name, rows[row].texts?.[k]].filter(Boolean).join(" · ");
      caption.textContent = text;
      canvas.setAttribute("aria-label", [text, names[k]].filter(Boolean).join(", "));
    });
    slider.value = k;
    slider.setAttribute("aria-valuetext", names[k]);
    value.textContent = names[k];
    if (root.isConnected) tell(names[k]);  // while it plays there is no rest to speak in
  }

  // A walk goes back and forth; a film stays on its last frame for a while and begins anew.
  const { play, stop } = playButton(passed => {
    at += way * passed * (count - 1) / seconds;
    const rest = 0.7 * (count - 1) / seconds;  // as many frames as pass in this time
    if (back && at < -rest) way = 1;
    if (at > count - 1 + rest) [at, way] = back ? [at, -1] : [0, 1];
    show();
  });
  slider.oninput = () => { stop(); at = Number(slider.value); show(); };
  const label = make("label", {}, make("span", {}, options.control), slider);
  const controls = make("div", { className: "cv-controls" }, play, label, value);
  const pictures = make("div", { className: "cv-pictures" }, ...views.map(view => view.element));
  root.replaceChildren(pictures, controls, line);
  for (const [name, bytes] of Object.entries(options.ends ?? {})) {
    const canvas = canvasOf(image, zoom, name);
    canvas.classList.add("cv-picture");
    paint(canvas, await inflate(bytes), image, 255);
    const end = make("div", { className: "cv-end" }, canvas, make("p", { className: "cv-caption" }, name));
    name === "a" ? pictures.prepend(end) : pictures.append(end);
  }
  show();
}

// --- mounting ------------------------------------------------------------------------------------

const VIEWS = { scrub, symbols, play };

/** Draw the view that `options.view` names into `element`, in place of what is there. */
export async function mount(element, options) {
  const root = make("form", { className: `cv-live cv-${options.view}`, onsubmit: event => event.preventDefault() });
  root.setAttribute("aria-label", options.name);
  // Whatever listens further out (a page of slides, say) may have the keys that leave a view.
  root.addEventListener("keydown", event => {
    const leaves = event.key === "Tab" || event.key === "Escape" || (event.key === "Enter" && event.shiftKey);
    if (!leaves && !event.ctrlKey && !event.metaKey) event.stopPropagation();
  });
  const room = (element.clientWidth || 900) - 40;  // within the frame
  await VIEWS[options.view](root, { ...options, room });
  element.replaceChildren(root);
}

/** Mount every view of the page that is still a picture. */
export function mountAll() {
  for (const element of document.querySelectorAll(".course-view:not([data-live])")) {
    element.dataset.live = "";
    mount(element, JSON.parse(element.dataset.view)).catch(error => {
      delete element.dataset.live;  // the picture stays
      console.error(error);
    });
  }
}

/** The form in which anywidget takes a module. */
export default { render: ({ model, el }) => mount(el, model.get("options")) };
