import type { TestContext } from "node:test";
import { createProcessHandler } from "../../../src/envoy/process/process.ts";
import { type GatewayOptions, gateway } from "./config.ts";
import { type RunningEnvoy, startEnvoy } from "./envoy.ts";
import { type FakeGovernor, fakeGovernor, type Script } from "./fake-governor.ts";
import { type ProcessHandler, type RunningProcessor, startProcessor } from "./processor.ts";
import { type Answer, startWitness, type Witness } from "./witness.ts";

/** Envoy between a client and a witness, asking a processor about everything. */
export type Gateway = {
  readonly port: number;
  readonly envoy: RunningEnvoy;
  readonly witness: Witness;
  readonly processor: RunningProcessor;
};

type Options = Partial<Omit<GatewayOptions, "processorPort" | "upstreamPort">> & { readonly answer?: Answer };

/** Starts all three and stops them with the test. */
export async function startGateway(
  t: TestContext,
  handler: ProcessHandler,
  options: Options = {},
): Promise<Gateway> {
  const processor = await startProcessor(handler);
  t.after(() => processor.stop());
  const witness = await startWitness(options.answer);
  t.after(() => witness.stop());
  const { answer: _, ...config } = options;
  const envoy = await startEnvoy(
    gateway({ ...config, processorPort: processor.port, upstreamPort: witness.port }),
  );
  t.after(() => envoy.stop());
  return { port: envoy.port("gateway"), envoy, witness, processor };
}

/** The same with Regent's own handler and a governor that follows a script. */
export async function startGoverned(
  t: TestContext,
  script: Script,
  options: Options = {},
): Promise<Gateway & { readonly governor: FakeGovernor; readonly broken: string[] }> {
  const governor = fakeGovernor(script);
  const broken: string[] = [];
  const handler = createProcessHandler(governor, {
    nowMs: Date.now,
    onBroken: (_, fault) => broken.push(fault.details),
  });
  return { ...(await startGateway(t, handler, options)), governor, broken };
}
