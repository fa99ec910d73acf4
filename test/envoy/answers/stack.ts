import { once } from "node:events";
import { writeFileSync } from "node:fs";
import { type IncomingHttpHeaders, type IncomingMessage, request } from "node:http";
import { join } from "node:path";
import { stringify } from "yaml";
import type { FormatName } from "../../../src/exchange/inference.ts";
import type { JsonValue } from "../../../src/exchange/json.ts";
import type { Record } from "../../../src/exchange/record.ts";
import type { EnvoyTarget } from "../../../src/local/envoy/options.ts";
import { temporaryFolder } from "../../local/support/envoy.ts";
import { compileBundle } from "../../support/rego.ts";
import { recordOf } from "../governed/records.ts";
import { type Scripted, startScripted } from "../governed/scripted.ts";
import { type Governed, startGoverned } from "../governed/stack.ts";
import type { Answer } from "../support/witness.ts";

/** Served by the scripted target in whatever dialect it is asked. */
export const MODEL = "any";

/** The host of the route that lets answers pass as they come. */
export const PASSING_HOST = "passing.test";

/** The model server, the sidecar with a policy that does what a request says, and Envoy between them. */
export type AnswersStack = {
  readonly port: number;
  readonly stack: Governed;
  /** What the model server does from now on, for a client that is not {@link ask}. */
  play(answer: Answer): void;
  ask(asked: Asked): Promise<Got>;
  /** The record of a decision, once it is on disk. */
  recordOf(id: string | undefined): Promise<Record>;
  stop(): Promise<void>;
};

export type Asked = {
  readonly dialect: StreamingDialect;
  /** What the model server does. */
  readonly answer: Answer;
  /** What policy decides on the request, and the type of finding for which it denies the answer. */
  readonly decide?: JsonValue;
  readonly deny?: string;
  /** {@link PASSING_HOST}, or any other. */
  readonly host?: string;
  /** Called with all that has come so far; returning true aborts the request. */
  readonly abortWhen?: (received: Buffer) => boolean;
};

/** What the client got. */
export type Got = {
  readonly id: string | undefined;
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
  readonly end: "clean" | "broken" | "aborted";
};

/** A dialect, and how a stream of it is asked for. */
export type StreamingDialect = { readonly name: FormatName; readonly path: string; readonly body: JsonValue };

const chat = { model: MODEL, stream: true, messages: [{ role: "user", content: "Hello." }] };
const turn = { messages: [{ role: "user", content: [{ text: "Hello." }] }] };

/** Every dialect that streams. */
export const STREAMING: readonly StreamingDialect[] = [
  {
    name: "openai-chat",
    path: "/v1/chat/completions",
    body: { ...chat, stream_options: { include_usage: true } },
  },
  {
    name: "openai-completions",
    path: "/v1/completions",
    body: { model: MODEL, stream: true, stream_options: { include_usage: true }, prompt: "Hello." },
  },
  { name: "openai-responses", path: "/v1/responses", body: { model: MODEL, stream: true, input: "Hello." } },
  { name: "anthropic-messages", path: "/v1/messages", body: { ...chat, max_tokens: 100 } },
  {
    name: "gemini-generate",
    path: `/v1beta/models/${MODEL}:streamGenerateContent?alt=sse`,
    body: { contents: [{ role: "user", parts: [{ text: "Hello." }] }] },
  },
  { name: "bedrock-converse", path: `/model/${MODEL}/converse-stream`, body: turn },
  { name: "triton-generate", path: `/v2/models/${MODEL}/generate_stream`, body: { text_input: "Hello." } },
];

const REQUEST_POLICY = `package regent.request

default decision := {"allow": true}

decision := json.unmarshal(input.request.headers["x-decide"][0])
`;
const RESPONSE_POLICY = `package regent.response

default decision := {"allow": true}

decision := {"allow": false, "reasons": [{
	"code": "found_in_answer", "kind": "content", "message": "No.", "policy": "test/answers", "severity": "error",
}]} if {
	some finding in input.findings
	finding.type == input.request.headers["x-deny"][0]
}
`;

/** @param more a target with a model of its name, which is governed like any */
export async function startAnswers(
  more?: EnvoyTarget & { readonly format: FormatName },
): Promise<AnswersStack> {
  const scripted: Scripted = await startScripted();
  const folder = temporaryFolder();
  const bundle = join(folder.path, "bundle.tar.gz");
  const entrypoints = ["regent/request/decision", "regent/response/decision"];
  writeFileSync(
    bundle,
    await compileBundle(
      { "request.rego": REQUEST_POLICY, "response.rego": RESPONSE_POLICY },
      entrypoints,
      "test",
    ),
  );
  const stop = async () => {
    await scripted.stop();
    folder.remove();
  };
  try {
    const stack = await startGoverned({
      filters: "ext_proc",
      config: (usual) => ({
        ...usual,
        bundles: [{ name: "test", path: bundle }],
        extAuthz: {},
        routes: [{ match: { path: "/*", host: PASSING_HOST }, answers: "streamed" }],
        registry: { file: writeRegistry(folder.path, scripted.target.name, more) },
        audit: { ...usual.audit, flush: "5ms" },
      }),
      targets: [scripted.target, ...(more === undefined ? [] : [{ name: more.name, origin: more.origin }])],
    });
    return {
      port: stack.port,
      stack,
      play: (answer) => scripted.play(answer),
      ask: (asked) => ask(stack.port, scripted, asked),
      recordOf: (id) => recordOf(stack, id),
      async stop() {
        await stack.stop();
        await stop();
      },
    };
  } catch (error) {
    await stop();
    throw error;
  }
}

function writeRegistry(
  dir: string,
  target: string,
  more: { readonly name: string; readonly format: FormatName } | undefined,
): string {
  const file = join(dir, "registry.yaml");
  const modelOn = (name: string, on: string) => ({
    name,
    stage: "active",
    dataClasses: ["public"],
    contextWindow: 100_000,
    maxOutputTokens: 256,
    versions: [{ name, weight: 1, targets: [on] }],
  });
  const targetOf = (name: string, format: string) => ({ name, region: "us", provider: "test", format });
  const registry = {
    version: 1,
    targets: [targetOf(target, "json"), ...(more === undefined ? [] : [targetOf(more.name, more.format)])],
    models: [modelOn(MODEL, target), ...(more === undefined ? [] : [modelOn(more.name, more.name)])],
  };
  writeFileSync(file, stringify(registry));
  return file;
}

/** Longer than any answer of these tests takes on a busy machine. */
const ANSWER_MS_MAX = 20_000;

async function ask(port: number, scripted: Scripted, asked: Asked): Promise<Got> {
  const { dialect, decide, deny, host, abortWhen } = asked;
  scripted.play(asked.answer);
  const outgoing = request({
    host: "127.0.0.1",
    port,
    path: dialect.path,
    method: "POST",
    agent: false,
    headers: {
      "content-type": "application/json",
      ...(decide === undefined ? {} : { "x-decide": JSON.stringify(decide) }),
      ...(deny === undefined ? {} : { "x-deny": deny }),
      ...(host === undefined ? {} : { host }),
    },
    signal: AbortSignal.timeout(ANSWER_MS_MAX),
  });
  outgoing.end(JSON.stringify(dialect.body));
  const [response] = (await once(outgoing, "response")) as [IncomingMessage];
  const pieces: Buffer[] = [];
  let end: Got["end"] = "clean";
  try {
    for await (const piece of response) {
      pieces.push(Buffer.from(piece));
      if (abortWhen?.(Buffer.concat(pieces)) === true) {
        end = "aborted";
        break;
      }
    }
  } catch {
    end = "broken";
  }
  outgoing.destroy();
  const { statusCode: status = 0, headers } = response;
  const id = headers["x-regent-decision-id"] as string | undefined;
  return { id, status, headers, body: Buffer.concat(pieces), end };
}
