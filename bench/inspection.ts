/**
 * What inspection costs, as a multiple of the cheapest look at a text there is (one pass over its code units), so that
 * figures of different machines can be compared. Run it with `node bench/inspection.ts`.
 */
import { inspect } from "../src/inspection/index.ts";

const LENGTH = 100 * 1024;
const RUNS = 200;

const TEXTS: { readonly [name: string]: string } = {
  "clean prose": "The quick brown fox jumps over the lazy dog, and then it sleeps for a while. ",
  "clean code": "for (const [name, value] of entries) { total += value * 2; // see section 3.1\n",
  "clean JSON lines": '{"id":"a1b2c3d4-e5f6-7890","value":12.5,"time":1700000000123,"ok":true}\n',
  "clean Cyrillic": "Съешь ещё этих мягких французских булок, да выпей чаю. ",
  "an address in each line": "Please write to ann@example.com about the order, and then to nobody else.\n",
  "a card in each line": "Charge 4111 1111 1111 1111 for the order, and then send a receipt for it.\n",
  "a telephone number in each line":
    "Call 212-736-5000 about the order, and then wait for a while for an answer.\n",
};

function sumOfUnits(text: string): number {
  let sum = 0;
  for (let index = 0; index < text.length; index++) sum = (sum + text.charCodeAt(index)) | 0;
  return sum;
}

/** Microseconds of one call, the median of all runs. */
function medianUs(run: () => unknown): number {
  const times: number[] = [];
  for (let index = 0; index < RUNS; index++) {
    const before = performance.now();
    run();
    times.push((performance.now() - before) * 1_000);
  }
  times.sort((a, b) => a - b);
  return times[RUNS / 2] ?? Number.NaN;
}

for (const [name, unit] of Object.entries(TEXTS)) {
  const text = unit.repeat(Math.ceil(LENGTH / unit.length)).slice(0, LENGTH);
  const parts = [{ pointer: "/messages/0/content", text, role: "user" }];
  const passUs = medianUs(() => sumOfUnits(text));
  const inspectUs = medianUs(() => inspect(parts));
  const row = [
    name.padEnd(34),
    `${inspectUs.toFixed(0)} us`.padStart(9),
    `${(inspectUs / passUs).toFixed(1)} passes`.padStart(14),
  ];
  console.log(`${row.join("")}   ${inspect(parts).length} findings`);
}
