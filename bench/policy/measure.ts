/** Microseconds of each of so many calls. */
export async function timesOf(act: () => Promise<unknown>, calls: number): Promise<number[]> {
  const micros: number[] = [];
  for (let call = 0; call < calls; call++) {
    const startedAt = process.hrtime.bigint();
    await act();
    micros.push(Number(process.hrtime.bigint() - startedAt) / 1_000);
  }
  return micros;
}

/** Calls that take about so long, after warming up: V8 compiles what runs often a second time, and better. */
export async function warmUp(
  act: () => Promise<unknown>,
  warmUpMs: number,
  sliceMs: number,
): Promise<number> {
  const startedAt = performance.now();
  let last: number[] = [];
  while (performance.now() - startedAt < warmUpMs) last = await timesOf(act, 20);
  return callsIn(last, sliceMs);
}

/** Calls that fill a slice of time, by what some of them took in microseconds. */
export function callsIn(micros: readonly number[], sliceMs: number): number {
  return Math.max(5, Math.ceil((sliceMs * 1_000) / quantile(micros, 0.5)));
}

/** NaN of nothing. */
export function quantile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN;
}

export function median(values: readonly number[]): number {
  return quantile(values, 0.5);
}

/** Prints whether a bar holds; a bar that does not makes the bench fail. */
export function report(holds: boolean, sentence: string): void {
  if (!holds) process.exitCode = 1;
  console.log(`${holds ? "ok    " : "MISSED"} ${sentence}`);
}
