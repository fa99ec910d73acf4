import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { parseArgs } from "node:util";
import type { Address } from "../src/config/address.ts";
import { type Child, startChild } from "../src/local/child.ts";
import { renderEnvoyConfig } from "../src/local/envoy/bootstrap.ts";
import { ENVOY_DEFAULTS } from "../src/local/envoy/options.ts";
import { claimPort } from "../src/local/ports.ts";
import { findEnvoy } from "../src/local/programs.ts";
import { startStack } from "../src/local/stack.ts";
import { untilReady } from "../src/local/until.ts";
import { startWatchdog } from "../src/local/watchdog.ts";
import { quantile } from "./load/client.ts";
import { cpuMs, residentMiB } from "./load/cpu.ts";
import { type Streamed, stream } from "./streams/client.ts";

/**
 * Streams through a real Envoy: how much later every event arrives with Regent reading it than with an ext_proc server
 * that gives each chunk back unread, how much later the first one, and what an open stream costs in memory. Both are
 * asked in turns in one run, each with an Envoy of its own.
 */
const { values } = parseArgs({
  options: {
    streams: { type: "string", default: "500" },
    seconds: { type: "string", default: "120" },
    first: { type: "string", default: "400" },
    /** `first` or `long`: that part alone. */
    only: { type: "string" },
  },
});
const STREAMS = Number(values.streams);
const SECONDS = Number(values.seconds);
const FIRST_TOKENS = Number(values.first);
const RATE = 10;
/** How many times fewer streams, each as many times faster, memory is compared with. */
const FEWER = 10;
/** Long enough for garbage collection to have found its pace. */
const FEW_SECONDS_MAX = 30;
/** Resident memory rises and falls with garbage collection; the median of what was seen every second counts. */
const LOOK_MS = 1_000;
/** The streams are opened over this time: five hundred decisions at once would be another measurement. */
const OPENING_MS = 10_000;
const SHAPE = { streams: STREAMS, rate: RATE, seconds: SECONDS };
/** First tokens are measured in slices of both ways in turns. */
const FIRST_SLICES = 8;
/** Streams of each way before that: V8 compiles what runs often, and a server that has just begun is another measurement. */
const FIRST_WARM_UP = 1_000;
/** What the sidecar is started with by `bin/regent`, here for both processors. */
const NODE_FLAGS = ["--max-semi-space-size=8"];
const READY_MS_MAX = 20_000;
const HOST = "127.0.0.1";

if (!process.execArgv.includes(NODE_FLAGS[0] as string)) {
  const again = spawnSync(process.execPath, [...NODE_FLAGS, ...process.argv.slice(1)], { stdio: "inherit" });
  process.exit(again.status ?? 1);
}

type Way = { readonly name: string; readonly port: number; readonly envoyPid: number; readonly pid: number };

const dir = mkdtempSync(join(tmpdir(), "regent-bench-"));
const watchdog = startWatchdog();
const children: Child[] = [];
try {
  await measure();
} finally {
  for (const child of children.reverse()) await child.stop();
  watchdog.close();
  rmSync(dir, { recursive: true });
}

async function measure(): Promise<void> {
  const modelOrigin = await startModel();
  const grpcPort = await claimPort(0);
  const stack = await startStack({
    dir,
    ...{ port: 0, adminPort: 0, probesPort: 0, grpcPort },
    onStep: (step) => console.error(step),
  });
  try {
    const emptyPort = await claimPort(0);
    const targets = stack.targets.map(({ name }) => name);
    const empty = await startEmpty(emptyPort, targets[0] as string);
    const regentPid = stack.pids.get("regent") as number;
    const ways = [
      await startWay("empty", emptyPort, empty.pid, targets, modelOrigin),
      await startWay("Regent", grpcPort, regentPid, targets, modelOrigin),
    ] as const;
    if (values.only !== "long") await measureFirst(ways);
    if (values.only !== "first") await measureLong(ways, modelOrigin);
  } finally {
    await stack.stop();
  }
}

async function startModel(): Promise<string> {
  const args = [join(import.meta.dirname, "streams", "model-server.ts")];
  const model = await start("model", process.execPath, args, true);
  return model.announcement();
}

async function startEmpty(port: number, target: string): Promise<Child> {
  const script = join(import.meta.dirname, "streams", "empty-processor.ts");
  const empty = await start("empty", process.execPath, [...NODE_FLAGS, script, String(port), target], true);
  await empty.announcement();
  return empty;
}

async function startWay(
  name: string,
  grpcPort: number,
  pid: number,
  targets: readonly string[],
  modelOrigin: string,
): Promise<Way> {
  const port = await claimPort(0);
  const regent: Address = { kind: "tcp", host: HOST, port: grpcPort };
  const file = join(dir, `${name}-envoy.yaml`);
  const config = renderEnvoyConfig({
    ...ENVOY_DEFAULTS,
    listen: { kind: "tcp", host: HOST, port },
    admin: { kind: "tcp", host: HOST, port: 0 },
    regent,
    targets: targets.map((target) => ({ name: target, origin: modelOrigin })),
    filters: "ext_proc",
    accessLog: "/dev/null",
  });
  writeFileSync(file, config);
  const args = ["--config-path", file, "--disable-hot-restart", "--concurrency", "1", "--log-level", "error"];
  const envoy = await start(`${name}-envoy`, findEnvoy(), args, false);
  await untilReady(envoy, READY_MS_MAX, async () => {
    const response = await fetch(`http://${HOST}:${port}/`, { signal: AbortSignal.timeout(1_000) });
    await response.arrayBuffer();
    return true;
  });
  return { name, port, envoyPid: envoy.pid, pid };
}

async function start(name: string, command: string, args: string[], announces: boolean): Promise<Child> {
  const logFile = join(dir, `${name}.log`);
  const child = await startChild({ name, command, args, logFile, announces, watchdog });
  children.push(child);
  return child;
}

/** One stream after the other, two at a time: nothing queues, so the delay is the way's own. */
async function measureFirst(ways: readonly [Way, Way]): Promise<void> {
  for (const way of ways) await firstTokens(way, `${way.name}-warm-up`, FIRST_WARM_UP);
  const delays = new Map<Way, number[]>(ways.map((way) => [way, []]));
  const usedMs = new Map<Way, number>();
  for (let slice = 0; slice < FIRST_SLICES; slice++) {
    for (const way of ways) {
      const before = cpuMs(way.pid);
      const firsts = await firstTokens(way, `${way.name}-${slice}`, FIRST_TOKENS / FIRST_SLICES);
      usedMs.set(way, (usedMs.get(way) ?? 0) + cpuMs(way.pid) - before);
      delays.get(way)?.push(...firsts);
    }
  }
  const [empty, regent] = ways.map((way) => Float64Array.from(delays.get(way) ?? []).sort());
  const at = (share: number) => [
    quantile(empty as Float64Array, share),
    quantile(regent as Float64Array, share),
  ];
  console.log(
    `\nfirst event, ${FIRST_TOKENS} streams each, 2 at a time, ms from request to first byte of the answer:`,
  );
  printRatio("p50", at(0.5), 1.5);
  printRatio("p99", at(0.99), undefined);
  printRatio(
    "CPU",
    ways.map((way) => (usedMs.get(way) ?? Number.NaN) / FIRST_TOKENS),
    undefined,
  );
}

async function firstTokens(way: Way, name: string, count: number): Promise<number[]> {
  const firsts: number[] = [];
  let next = 0;
  const worker = async () => {
    while (next < count) {
      const id = `first-${name}-${next++}`;
      const { status, firstMs } = await stream({
        port: way.port,
        id,
        events: 1,
        perSecond: 200,
        onDelay: () => {},
      });
      if (status !== 200) throw new Error(`${way.name} answered ${status}`);
      firsts.push(firstMs);
    }
  };
  await Promise.all([worker(), worker()]);
  return firsts;
}

async function measureLong(ways: readonly [Way, Way], modelOrigin: string): Promise<void> {
  const delays: Float64Array[] = [];
  for (const way of ways) {
    console.error(`${way.name}: ${STREAMS} streams of ${RATE} events a second for ${SECONDS} s`);
    // As many events a second on a tenth of the streams: what a process holds on to while it works is no cost of a stream.
    const few = await manyStreams(way, "few", {
      streams: STREAMS / FEWER,
      rate: RATE * FEWER,
      seconds: Math.min(SECONDS, FEW_SECONDS_MAX),
    });
    const cpuBefore = cpuMs(way.pid);
    const { seen, sorted, residentMiB: openMiB } = await manyStreams(way, "many", SHAPE);
    const cpu = (cpuMs(way.pid) - cpuBefore) / (SECONDS * 1000);
    delays.push(sorted);
    const lost = await countChanged(seen, modelOrigin);
    const kibPerStream = ((openMiB - few.residentMiB) * 1024) / (STREAMS - STREAMS / FEWER);
    console.log(
      `${way.name}: ${sorted.length} events, ${lost} of ${seen.length} streams changed, ${kibPerStream.toFixed(1)} KiB a stream (${few.residentMiB.toFixed(0)} MiB with ${STREAMS / FEWER} streams, ${openMiB.toFixed(0)} with ${STREAMS}${way.name === "Regent" ? ", bar 64 KiB" : ""}), ${(cpu * 100).toFixed(0)} % of a core`,
    );
    if (lost > 0) process.exitCode = 1;
  }
  const at = (share: number) => delays.map((sorted) => quantile(sorted, share));
  console.log("delay of an event, ms from the model server's write to the client's read:");
  printRatio("p50", at(0.5), undefined);
  printRatio("p99", at(0.99), 2);
}

type Many = { readonly seen: Streamed[]; readonly sorted: Float64Array; readonly residentMiB: number };

async function manyStreams(way: Way, name: string, { streams, rate, seconds }: typeof SHAPE): Promise<Many> {
  const delays: number[] = [];
  const resident: number[] = [];
  const watch = setInterval(() => resident.push(residentMiB(way.pid)), LOOK_MS);
  const seen = await Promise.all(
    Array.from({ length: streams }, async (_, index) => {
      await wait(index * (OPENING_MS / streams));
      const id = `${way.name}-${name}-${index}`;
      const onDelay = (ms: number) => delays.push(ms);
      return stream({ port: way.port, id, events: rate * seconds, perSecond: rate, onDelay });
    }),
  );
  clearInterval(watch);
  const half = Float64Array.from(resident.slice(resident.length >> 1)).sort();
  return { seen, sorted: Float64Array.from(delays).sort(), residentMiB: quantile(half, 0.5) };
}

/** Streams of which the client got other bytes than the model server wrote. */
async function countChanged(seen: readonly Streamed[], modelOrigin: string): Promise<number> {
  const hashes = (await (await fetch(`${modelOrigin}/hashes`)).json()) as { [id: string]: string };
  return seen.filter(({ id, status, sha256 }) => status !== 200 || hashes[id] !== sha256).length;
}

function printRatio(
  name: string,
  [empty = Number.NaN, regent = Number.NaN]: readonly number[],
  bar: number | undefined,
): void {
  const ratio = regent / empty;
  const verdict = bar === undefined ? "" : ` (bar ${bar})${ratio <= bar ? "" : " MISSED"}`;
  console.log(
    `  ${name}: empty ${empty.toFixed(2)}, Regent ${regent.toFixed(2)}, ratio ${ratio.toFixed(2)}${verdict}`,
  );
}
