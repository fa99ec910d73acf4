// A process that starts telemetry, observes one exchange and ends.
// Writes how many modules of OpenTelemetry were asked for, and how long the end took. Its API, which prom-client asks
// for, does nothing by itself and is not counted.
import { registerHooks } from "node:module";

let loaded = 0;
registerHooks({
  resolve(specifier, context, next) {
    if (/^@opentelemetry\/(?!api$)/.test(specifier)) loaded++;
    return next(specifier, context);
  },
});

const { createProcessLog, createTelemetry } = await import("../../src/telemetry/index.ts");
const { testRecord } = await import("./record.ts");
const log = await createProcessLog({ level: "fatal", format: "json" });
const telemetry = await createTelemetry({ labels: { tenant: 1, model: 1 }, log });
const traceparent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
telemetry.observe(testRecord({ request: { ...testRecord().request, traceparent } }));
const closing = performance.now();
await telemetry.close();
const closedMs = Math.round(performance.now() - closing);
process.stdout.write(`OpenTelemetry modules: ${loaded}\nclosed in ms: ${closedMs}\n`, () => process.exit(0));
