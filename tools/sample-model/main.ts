import { readFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { startSampleModel } from "./server.ts";

const USAGE = `usage: node main.js --name NAME --region REGION [--port PORT] [--models A,B] [--pace-ms N] [--key-file FILE] [--witness-file FILE] [--with-parent]

A model server for trying and testing that speaks OpenAI chat and Anthropic messages. It prints one JSON line once it listens.
  --with-parent   end when standard input ends, so that it never outlives who started it`;

try {
  await main();
} catch (error) {
  process.stderr.write(`sample model: ${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      name: { type: "string" },
      region: { type: "string" },
      port: { type: "string", default: "0" },
      models: { type: "string" },
      "pace-ms": { type: "string" },
      "key-file": { type: "string" },
      "witness-file": { type: "string" },
      "with-parent": { type: "boolean", default: false },
      help: { type: "boolean", default: false },
    },
  });
  if (values.help) {
    process.stdout.write(`${USAGE}\n`);
    return;
  }
  if (values.name === undefined || values.region === undefined)
    throw new Error(`--name and --region are needed\n${USAGE}`);
  const model = await startSampleModel({
    name: values.name,
    region: values.region,
    port: Number(values.port),
    ...(values.models === undefined ? {} : { models: values.models.split(",") }),
    ...(values["pace-ms"] === undefined ? {} : { paceMs: Number(values["pace-ms"]) }),
    ...(values["key-file"] === undefined ? {} : { key: readFileSync(values["key-file"], "utf8").trim() }),
    ...(values["witness-file"] === undefined ? {} : { witnessFile: values["witness-file"] }),
  });
  process.stdout.write(`${JSON.stringify({ listening: model.origin })}\n`);

  const stop = () => {
    model.close().then(() => process.exit(0));
  };
  process.once("SIGTERM", stop);
  process.once("SIGINT", stop);
  if (values["with-parent"]) process.stdin.on("end", stop).resume();
}
