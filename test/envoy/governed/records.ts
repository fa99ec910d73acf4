import { setTimeout as wait } from "node:timers/promises";
import { tailAudit } from "../../../src/audit/query.ts";
import type { Record } from "../../../src/exchange/record.ts";

/** More lines than any test writes. */
const LINES_MAX = 1_000_000;
/** Records are written every 100 ms; a busy disk may take its time. */
const RECORD_MS_MAX = 5_000;
const LOOK_AGAIN_MS = 20;

/** All records of a log, oldest first. A folder that is not there holds none. */
export async function readRecords(dir: string): Promise<Record[]> {
  const lines = await tailAudit(dir, LINES_MAX);
  return lines.flatMap(({ record }) => (record === undefined ? [] : [record as unknown as Record]));
}

/** Gives what `look` finds as soon as it finds something; fails, saying what was awaited, when it does not in time. */
export async function eventually<T>(
  what: string,
  look: () => T | undefined | Promise<T | undefined>,
  limitMs: number = RECORD_MS_MAX,
): Promise<T> {
  const deadline = performance.now() + limitMs;
  for (;;) {
    const found = await look();
    if (found !== undefined) return found;
    if (performance.now() > deadline) throw new Error(`${what}: not within ${limitMs} ms`);
    await wait(LOOK_AGAIN_MS);
  }
}

/** The record of a decision, once it is on disk. */
export function recordOf(stack: { records(): Promise<Record[]> }, id: string | undefined): Promise<Record> {
  return eventually(`the record of decision ${id}`, async () =>
    (await stack.records()).find((record) => record.id === id),
  );
}
