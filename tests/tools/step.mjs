// Takes steps of press/training/learning.js in Node, as a test asks: on standard input weights, pictures,
// noise and β, on standard output [weights, terms] after each step.
// Called as `node step.mjs BUNDLE`.

import fs from "node:fs";
import { pathToFileURL } from "node:url";

const { arrayOf, begin, ready, shapesOf, step } = await import(pathToFileURL(process.argv[2]));
await ready();
const { weights, x, noise, beta, steps } = JSON.parse(fs.readFileSync(0, "utf8"));
const array = rows => arrayOf(Float32Array.from(rows.flat()), [rows.length, rows[0].length]);
const shapes = shapesOf(noise[0].length);
let state = begin(weights.map((each, k) => arrayOf(Float32Array.from(each), shapes[k])));
const told = [];
for (let k = 0; k < steps; k++) {
  const [after, terms] = step(state, array(x), array(noise), beta);
  state = after;
  told.push([after.weights.map(each => Array.from(each.ref.dataSync())), terms]);
}
process.stdout.write(JSON.stringify(told));
