import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Address } from "../src/config/address.ts";
import { type Child, startChild } from "../src/local/child.ts";
import { renderEnvoyConfig } from "../src/local/envoy/bootstrap.ts";
import { ENVOY_DEFAULTS, type EnvoyTarget, type FilterChoice } from "../src/local/envoy/options.ts";
import { claimPort } from "../src/local/ports.ts";
import { findEnvoy } from "../src/local/programs.ts";
import { type Stack, startStack } from "../src/local/stack.ts";
import { untilReady } from "../src/local/until.ts";
import { startWatchdog, type Watchdog } from "../src/local/watchdog.ts";
import { postRequest, quantile, runLoad } from "./load/client.ts";
import { cpuMs, residentMiB } from "./load/cpu.ts";
import { modelServerConfig } from "./load/model-server.ts";

/** Every way is measured once in each round, so that a slow minute of the machine slows all of them. */
const ROUNDS = 7;
/** One measurement. The first round only warms up. */
const SLICE_MS = 2_000;
/** As many as the load test of the product; enough to keep two cores busy. */
const BUSY_CONNECTIONS = 32;
/** Few enough that latency is the way's own, not the queue's. */
const QUIET_CONNECTIONS = 2;
const READY_MS_MAX = 20_000;
const HOST = "127.0.0.1";

/** A way of a request: which filters stand in it, and who answers them. */
type Way = { readonly name: string; readonly port: number; readonly pid: number };
type Sample = {
  readonly perSecond: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly cpuMs: number;
};

const BODY = JSON.stringify({
  model: "sim-small",
  messages: [
    {
      role: "system",
      content: "You are a careful assistant of an insurance company. Answer in one paragraph.",
    },
    { role: "user", content: "Explain what a deductible is and when it does not apply. ".repeat(12) },
  ],
  temperature: 0.2,
  max_tokens: 64,
});

/** Prints what each filter adds to a governed chat completion. */
export async function measureRequests(peer: string | undefined): Promise<void> {
  const dir = mkdtempSync(join(tmpdir(), "regent-bench-"));
  const grpcPort = await claimPort(0);
  const ports = { port: 0, adminPort: 0, probesPort: 0, grpcPort };
  const stack = await startStack({ dir, ...ports, onStep: (step) => console.error(step) });
  const watchdog = startWatchdog();
  const envoys: Child[] = [];
  try {
    const ways = await startWays({ dir, stack, grpcPort, peer, watchdog, envoys });
    const regentPid = required(stack.pids.get("regent"));
    const samples = await measure(ways, regentPid);
    print(ways, samples);
    console.log(`Regent: ${residentMiB(regentPid).toFixed(0)} MiB resident at the end.`);
  } finally {
    for (const envoy of envoys) await envoy.stop();
    watchdog.close();
    await stack.stop();
    rmSync(dir, { recursive: true });
  }
}

type Setting = {
  readonly dir: string;
  readonly stack: Stack;
  readonly grpcPort: number;
  /** `name:port` of another ext_authz server. */
  readonly peer: string | undefined;
  readonly watchdog: Watchdog;
  /** Every Envoy that is started, to be ended. */
  readonly envoys: Child[];
};

async function startWays({ dir, stack, grpcPort, peer, watchdog, envoys }: Setting): Promise<Way[]> {
  const start = async (name: string, port: number, config: string): Promise<Way> => {
    const file = join(dir, `${name}.yaml`);
    writeFileSync(file, config);
    const args = [
      "--config-path",
      file,
      "--disable-hot-restart",
      "--concurrency",
      "1",
      "--log-level",
      "error",
    ];
    const logFile = join(dir, `${name}.log`);
    const child = await startChild({ name, command: findEnvoy(), args, logFile, watchdog });
    envoys.push(child);
    await untilReady(child, READY_MS_MAX, async () => ((await answers(port)) ? true : undefined));
    return { name, port, pid: child.pid };
  };
  const modelPort = await claimPort(0);
  await start("model", modelPort, modelServerConfig(modelPort));
  const targets = stack.targets.map(({ name }) => ({ name, origin: `http://${HOST}:${modelPort}` }));
  const regent: Address = { kind: "tcp", host: HOST, port: grpcPort };
  const ways: Way[] = [];
  for (const filters of ["none", "ext_authz", "ext_proc", "both"] as const) {
    const port = await claimPort(0);
    ways.push(await start(filters, port, wayConfig(filters, port, regent, targets)));
  }
  if (peer !== undefined) {
    const [name = "peer", peerPort] = peer.split(":");
    const port = await claimPort(0);
    const address: Address = { kind: "tcp", host: HOST, port: Number(peerPort) };
    ways.push(await start(name, port, wayConfig("ext_authz", port, address, targets)));
  }
  return ways;
}

function wayConfig(
  filters: FilterChoice,
  port: number,
  regent: Address,
  targets: readonly EnvoyTarget[],
): string {
  const governed = filters === "both" || filters === "ext_proc";
  return renderEnvoyConfig({
    ...ENVOY_DEFAULTS,
    listen: { kind: "tcp", host: HOST, port },
    admin: { kind: "tcp", host: HOST, port: 0 },
    regent,
    targets,
    filters,
    accessLog: "/dev/null",
    ...(governed ? {} : { ungovernedTarget: required(targets[0]).name }),
  });
}

async function measure(ways: readonly Way[], regentPid: number): Promise<Map<string, Sample[]>> {
  const samples = new Map<string, Sample[]>(ways.map(({ name }) => [name, []]));
  for (let round = 0; round < ROUNDS; round++) {
    console.error(`round ${round + 1} of ${ROUNDS}`);
    for (const way of ways) {
      const sample = await measureWay(way, regentPid);
      if (round > 0) required(samples.get(way.name)).push(sample);
    }
  }
  return samples;
}

async function measureWay({ name, port, pid }: Way, regentPid: number): Promise<Sample> {
  const request = postRequest("/v1/chat/completions", { authorization: "Bearer demo-acme-analyst" }, BODY);
  const load = { port, requestsMax: Number.POSITIVE_INFINITY, durationMs: SLICE_MS, request: () => request };
  const quiet = await runLoad({ ...load, connections: QUIET_CONNECTIONS });
  const cpuBefore = cpuMs(pid) + cpuMs(regentPid);
  const busy = await runLoad({ ...load, connections: BUSY_CONNECTIONS });
  const cpu = cpuMs(pid) + cpuMs(regentPid) - cpuBefore;
  const answered = busy.latenciesMs.length;
  const failed = [...busy.statuses].filter(([status]) => status !== 200);
  if (failed.length > 0) throw new Error(`${name}: answers other than 200: ${failed.join("; ")}`);
  return {
    perSecond: (answered / busy.durationMs) * 1000,
    p50Ms: quantile(quiet.latenciesMs, 0.5),
    p99Ms: quantile(quiet.latenciesMs, 0.99),
    cpuMs: cpu / answered,
  };
}

function print(ways: readonly Way[], samples: ReadonlyMap<string, readonly Sample[]>): void {
  const base = required(samples.get("none"));
  console.log(`\n## requests`);
  console.log(
    `${BODY.length} bytes of chat; medians of ${ROUNDS - 1} interleaved rounds; latency at ${QUIET_CONNECTIONS} connections, throughput and CPU (Envoy and the server) at ${BUSY_CONNECTIONS}.`,
  );
  console.table(
    ways.map(({ name }) => {
      const own = required(samples.get(name));
      const added = (key: keyof Sample) =>
        median(own.map((sample, round) => sample[key] - required(base[round])[key]));
      return {
        way: name,
        "requests/s": Math.round(median(own.map(({ perSecond }) => perSecond))),
        "of none": `${median(own.map(({ perSecond }, round) => perSecond / required(base[round]).perSecond)).toFixed(2)}x`,
        "p50 ms": median(own.map(({ p50Ms }) => p50Ms)).toFixed(2),
        "added p50": added("p50Ms").toFixed(2),
        "added p99": added("p99Ms").toFixed(2),
        "CPU ms/request": median(own.map((sample) => sample.cpuMs)).toFixed(3),
      };
    }),
  );
}

function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  return required(sorted[Math.floor(sorted.length / 2)]);
}

function required<T>(value: T | undefined): T {
  if (value === undefined) throw new Error("a measurement is missing");
  return value;
}

async function answers(port: number): Promise<boolean> {
  const response = await fetch(`http://${HOST}:${port}/`, { signal: AbortSignal.timeout(1_000) });
  await response.arrayBuffer();
  return true;
}
