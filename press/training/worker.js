/* The thread in which the VAE learns, so that the page stays smooth.
 *
 * It is told { images, shown, width, beta, seed } once, pictures as bytes, and { beta } or { running }
 * whenever they change. It tells { pass, seconds, reconstruction, kl } after each pass through the
 * pictures, and every now and then { mu, logVar, logits } of those that are shown.
 */

import { PIXELS, arrayOf, begin, first, gaussian, ready, seen, step } from "./learning.js";

const BATCH = 100, DECODED = 10;
const PASSES = 40;  // then it rests
const LOOK = 250;  // milliseconds from one look at the codes to the next

const now = { beta: 1, running: true };
let resumed = () => {};

self.onmessage = ({ data }) => {
  Object.assign(now, data);
  if (data.images) learn(data).catch(error => self.postMessage({ failed: error.message }));
  resumed();
};

/** Lets messages come in; a timer would wait for milliseconds. */
const { port1, port2 } = new MessageChannel();
const breath = () => new Promise(resolve => { port1.onmessage = resolve; port2.postMessage(0); });

/** Pictures (count, 784) from bytes, those of the numbers in `order`. */
function pictures(bytes, order) {
  const x = new Float32Array(order.length * PIXELS);
  order.forEach((picture, row) => {
    for (let i = 0; i < PIXELS; i++) x[row * PIXELS + i] = bytes[picture * PIXELS + i] / 255;
  });
  return arrayOf(x, [order.length, PIXELS]);
}

/** The numbers below `count` in a new order. */
function shuffled(count) {
  const order = Array.from({ length: count }, (_, k) => k);
  for (let k = count - 1; k > 0; k--) {
    const other = Math.floor(Math.random() * (k + 1));
    [order[k], order[other]] = [order[other], order[k]];
  }
  return order;
}

async function learn({ images, shown, width, seed }) {
  await ready();
  const draw = gaussian(seed), count = images.length / PIXELS;
  const few = pictures(shown, Array.from({ length: shown.length / PIXELS }, (_, k) => k));
  let state = begin(first(width, draw));
  let spent = 0, started = performance.now(), looked = -LOOK;
  const look = () => {
    looked = performance.now();
    self.postMessage(seen(state, few.ref, DECODED));
  };
  for (let pass = 1; ; pass++) {
    const order = shuffled(count), sums = [0, 0];
    for (let from = 0; from + BATCH <= count; from += BATCH) {
      const noise = Float32Array.from({ length: BATCH * width }, draw);
      const x = pictures(images, order.slice(from, from + BATCH));
      const [after, terms] = step(state, x, arrayOf(noise, [BATCH, width]), now.beta);
      state = after;
      terms.forEach((term, k) => { sums[k] += term; });
      if (performance.now() - looked > LOOK) look();
      await breath();
      if (!now.running) {
        spent += performance.now() - started;
        await new Promise(resolve => { resumed = () => { if (now.running) resolve(); }; });
        started = performance.now();
      }
    }
    const seconds = (spent + performance.now() - started) / 1000;
    const [reconstruction, kl] = sums.map(sum => sum / Math.floor(count / BATCH));
    look();
    now.running &&= pass % PASSES > 0;
    self.postMessage({ pass, seconds, reconstruction, kl, resting: !now.running });
  }
}
