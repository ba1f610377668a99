/* A VAE that learns: its first weights, its loss and one step of Adam, all by jax-js.
 *
 * Encoder 784 → 128 → two heads, decoder back by 128: lesson 08's network, narrower. Pixels are coins,
 * the prior is N(0, I), and everything is in nats, a mean over the pictures of a batch.
 *
 * jax-js counts its arrays by hand: whatever takes an array uses it up, and `.ref` is one more use.
 */

import { defaultDevice, init, jit, numpy as np, tree, valueAndGrad } from "@jax-js/jax";

export const PIXELS = 784, HIDDEN = 128;
const RATE = 5e-3, MEAN = 0.9, SQUARE = 0.999, LEAST = 1e-8;  // Adam's

/** Has to be waited for, once, before anything else here. */
export async function ready() {
  await init("wasm");
  defaultDevice("wasm");
}

/** An array of that shape from a Float32Array. */
export const arrayOf = (numbers, shape) => np.array(numbers).reshape(shape);

/** Draws from N(0, 1), the same for the same seed. */
export function gaussian(seed) {
  let state = seed >>> 0;
  const uniform = () => {  // mulberry32, of the public domain
    state = state + 0x6d2b79f5 | 0;
    let t = Math.imul(state ^ state >>> 15, 1 | state);
    t = t + Math.imul(t ^ t >>> 7, 61 | t) ^ t;
    return ((t ^ t >>> 14) >>> 0) / 4294967296;
  };
  return () => Math.sqrt(-2 * Math.log(1 - uniform())) * Math.cos(2 * Math.PI * uniform());
}

/** The shapes of all weights: encoder, heads of μ and of log σ², decoder; each with its bias. */
export const shapesOf = width => [
  [PIXELS, HIDDEN], [HIDDEN], [HIDDEN, width], [width], [HIDDEN, width], [width],
  [width, HIDDEN], [HIDDEN], [HIDDEN, PIXELS], [PIXELS],
];

/** First weights for a code of so many numbers. */
export function first(width, draw) {
  const spreads = [Math.sqrt(2 / PIXELS), 0, 0.1, 0, 0.01, 0, 1 / Math.sqrt(width), 0, 0.1, 0];
  return shapesOf(width).map((shape, k) => {
    const size = shape.reduce((product, side) => product * side, 1);
    return arrayOf(Float32Array.from({ length: size }, () => spreads[k] && spreads[k] * draw()), shape);
  });
}

/** Weights with Adam's two averages, which begin at 0. */
export const begin = weights => {
  const zeros = () => weights.map(each => np.zeros(each.shape));
  return { weights, means: zeros(), squares: zeros(), steps: 0 };
};

const relu = x => np.maximum(x, 0);
const dense = (x, weight, bias) => np.matmul(x, weight).add(bias);

/** The heads [μ, log σ²] for pictures (batch, 784). */
export function encode([w, b, wMu, bMu, wVar, bVar], x) {
  const hidden = relu(dense(x, w, b));
  return [dense(hidden.ref, wMu, bMu), dense(hidden, wVar, bVar)];
}

/** The logits of the pixels for codes (batch, width). */
export const decode = ([w, b, wOut, bOut], z) => dense(relu(dense(z, w, b)), wOut, bOut);

/** [reconstruction + β KL, [reconstruction, KL]] of pictures, with the noise that is given. */
function loss(weights, x, noise, beta) {
  const [mu, logVar] = encode(weights.slice(0, 6), x.ref);
  const z = mu.ref.add(np.exp(logVar.ref.mul(0.5)).mul(noise));
  const logits = decode(weights.slice(6), z);
  // −log p(x) of a coin: log(1 + exp(l)) − x l, without an exponential that could be too large.
  const softplus = np.log(np.exp(np.absolute(logits.ref).mul(-1)).add(1));
  const share = 1 / x.shape[0];
  const reconstruction = relu(logits.ref).sub(logits.mul(x)).add(softplus).sum().mul(share);
  const kl = mu.ref.mul(mu).add(np.exp(logVar.ref)).sub(logVar).sub(1).sum().mul(0.5 * share);
  return [reconstruction.ref.add(kl.ref.mul(beta)), [reconstruction, kl]];
}

/** A step of Adam, compiled at its first call for each shape; `rate` and `least` have the corrections
 * of that step in them. */
const moved = jit((weights, means, squares, x, noise, beta, rate, least) => {
  const used = tree.ref(weights);
  const [[total, terms], slopes] = valueAndGrad(loss, { hasAux: true })(used, x, noise, beta);
  total.dispose();
  const mean = means.map((each, k) => each.mul(MEAN).add(slopes[k].ref.mul(1 - MEAN)));
  const square = squares.map((each, k) =>
    each.mul(SQUARE).add(slopes[k].ref.mul(slopes[k]).mul(1 - SQUARE)));
  const after = weights.map((each, k) =>
    each.sub(mean[k].ref.div(np.sqrt(square[k].ref).add(least.ref)).mul(rate.ref)));
  [rate, least].forEach(each => each.dispose());
  return [after, mean, square, terms];
});

/** One step on a batch: [the state after it, [reconstruction, KL] before it]. */
export function step({ weights, means, squares, steps }, x, noise, beta) {
  const t = steps + 1;
  const correction = Math.sqrt(1 - SQUARE ** t);
  const numbers = [beta, RATE * correction / (1 - MEAN ** t), LEAST * correction];
  const [after, mean, square, terms] = moved(weights, means, squares, x, noise, ...numbers.map(np.array));
  return [{ weights: after, means: mean, squares: square, steps: t }, terms.map(term => term.js())];
}

/** What the network says of pictures now, as flat numbers: their codes μ and log σ², and for the first
 * of them the logits decoded from μ. */
export function seen({ weights }, x, decoded) {
  const [mu, logVar] = encode(tree.ref(weights.slice(0, 6)), x);
  const logits = decode(tree.ref(weights.slice(6)), mu.ref.slice([0, decoded]));
  return { mu: mu.dataSync(), logVar: logVar.dataSync(), logits: logits.dataSync() };
}
