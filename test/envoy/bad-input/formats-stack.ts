import assert from "node:assert/strict";
import { hash, randomBytes } from "node:crypto";
import { once } from "node:events";
import { writeFileSync } from "node:fs";
import { type IncomingHttpHeaders, type IncomingMessage, request } from "node:http";
import { join } from "node:path";
import { stringify } from "yaml";
import { verifyAudit } from "../../../src/audit/verify.ts";
import type { FormatName } from "../../../src/exchange/inference.ts";
import type { JsonValue } from "../../../src/exchange/json.ts";
import { DECISION_ID_HEADER, TARGET_HEADER } from "../../../src/exchange/names.ts";
import type { Record } from "../../../src/exchange/record.ts";
import type { EnvoyTarget } from "../../../src/local/envoy/options.ts";
import { temporaryFolder } from "../../local/support/envoy.ts";
import { compileBundle } from "../../support/rego.ts";
import { eventually, recordOf } from "../governed/records.ts";
import { type Governed, startGoverned } from "../governed/stack.ts";
import { type Answer, type Seen, startWitness, type Witness } from "../support/witness.ts";

/** Dialects of which there is a target that speaks nothing else, and a model there. */
export const CHAT_DIALECTS = [
  "openai-chat",
  "openai-responses",
  "anthropic-messages",
  "gemini-generate",
  "bedrock-converse",
] as const satisfies FormatName[];
const DIALECTS = [...CHAT_DIALECTS, "kserve-v1", "kserve-v2", "tfserving", "triton-generate"] as const;
export type Dialect = (typeof DIALECTS)[number];
export type ChatDialect = (typeof CHAT_DIALECTS)[number];

/** The model on the target of a dialect. */
export const modelOn = (dialect: Dialect): string => `on-${dialect}`;
/** A model that is on all targets, and that policy denies. */
export const DENIED_MODEL = "denied";

/** How a chat is asked for in a dialect. */
export function chatIn(dialect: ChatDialect, model: string, stream: boolean, text = "Hello.") {
  switch (dialect) {
    case "openai-chat":
      return {
        path: "/v1/chat/completions",
        body: { model, stream, messages: [{ role: "user", content: text }] },
      };
    case "openai-responses":
      return { path: "/v1/responses", body: { model, stream, input: text } };
    case "anthropic-messages":
      return {
        path: "/v1/messages",
        body: { model, stream, max_tokens: 100, messages: [{ role: "user", content: text }] },
      };
    case "gemini-generate":
      return {
        path: `/v1beta/models/${model}:${stream ? "streamGenerateContent?alt=sse" : "generateContent"}`,
        body: { contents: [{ role: "user", parts: [{ text }] }] },
      };
    case "bedrock-converse":
      return {
        path: `/model/${model}/converse${stream ? "-stream" : ""}`,
        body: { messages: [{ role: "user", content: [{ text }] }] },
      };
  }
}

export type FormatsStack = {
  readonly stack: Governed;
  readonly port: number;
  /** Everything that reached any target. */
  readonly witness: Witness;
  /** What the targets answer from now on. */
  play(answer: Answer): void;
  /** By target, made for this run. */
  readonly keys: ReadonlyMap<string, string>;
  ask(asked: Asked): Promise<Got>;
  recordOf(id: string | undefined): Promise<Record>;
  /** Waits until Regent governs nothing any more: at the listener and at the clusters. */
  quiet(): Promise<void>;
  /**
   * The last test of a file: nothing is open, everything that reached a target was let through and left as an attempt of its
   * one record, with the bytes that were let through where nothing was translated, and with no key but its target's.
   */
  settle(): Promise<void>;
  stop(): Promise<void>;
};

export type Asked = {
  readonly path: string;
  readonly body: JsonValue | Buffer;
  readonly method?: string;
  readonly headers?: { readonly [name: string]: string | readonly string[] };
  /** What policy decides on the request, where it is not to let it through as it came. */
  readonly decide?: JsonValue;
  /** The type of finding for which policy denies the answer. */
  readonly deny?: string;
  /** Called with what has come so far, in bytes; returning true aborts the request. */
  readonly abortWhen?: (bytes: number) => boolean;
};

/** What the client got. */
export type Got = {
  readonly id: string | undefined;
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
  readonly text: string;
  readonly end: "clean" | "broken" | "aborted";
};

/** Lets everything through but one model; endpoints that are unknown too. */
const REQUEST_POLICY = `package regent.request

default decision := {"allow": true}

decision := {"allow": false, "reasons": [{
	"code": "model_denied", "kind": "content", "message": "Not this model.", "policy": "test/formats", "severity": "error",
}]} if {
	input.inference.model == "${DENIED_MODEL}"
} else := json.unmarshal(input.request.headers["x-decide"][0])
`;
const RESPONSE_POLICY = `package regent.response

default decision := {"allow": true}

decision := {"allow": false, "reasons": [{
	"code": "found_in_answer", "kind": "content", "message": "No.", "policy": "test/formats", "severity": "error",
}]} if {
	some finding in input.findings
	finding.type == input.request.headers["x-deny"][0]
}
`;

/** @param more targets of their own kind, each with a model of its name */
export async function startFormats(
  more: readonly (EnvoyTarget & { readonly format: FormatName })[] = [],
): Promise<FormatsStack> {
  const folder = temporaryFolder();
  let play: Answer = (_request, response) => response.destroy();
  const witness = await startWitness((...asked) => play(...asked));
  const stop = async () => {
    await witness.stop();
    folder.remove();
  };
  try {
    const bundle = join(folder.path, "bundle.tar.gz");
    const entrypoints = ["regent/request/decision", "regent/response/decision"];
    const sources = { "request.rego": REQUEST_POLICY, "response.rego": RESPONSE_POLICY };
    writeFileSync(bundle, await compileBundle(sources, entrypoints, "test"));
    const keys = new Map(DIALECTS.map((name) => [name as string, randomBytes(24).toString("hex")]));
    for (const [name, key] of keys) writeFileSync(join(folder.path, `${name}.key`), `${key}\n`);
    const stack = await startGoverned({
      filters: "ext_proc",
      config: (usual) => ({
        ...usual,
        bundles: [{ name: "test", path: bundle }],
        extAuthz: {},
        registry: { file: writeRegistry(folder.path, more) },
        // Every test waits for its record.
        audit: { ...usual.audit, flush: "5ms" },
      }),
      targets: [
        ...DIALECTS.map((name) => ({ name, origin: `http://127.0.0.1:${witness.port}` })),
        ...more.map(({ name, origin }) => ({ name, origin })),
      ],
    });
    const { port } = stack;
    const quiet = () =>
      eventually("no open stream", async () => ((await openStreams(stack)) === 0 ? true : undefined)).then(
        () => undefined,
      );
    return {
      stack,
      port,
      witness,
      keys,
      play: (answer) => {
        play = answer;
      },
      ask: (asked) => ask(port, asked),
      recordOf: (id) => recordOf(stack, id),
      quiet,
      async settle() {
        await quiet();
        const ids = new Set(witness.seen.map(({ headers }) => headers[DECISION_ID_HEADER]));
        const records = await eventually("a record of everything that reached a target", async () => {
          const all = (await stack.records()).filter(({ id }) => ids.has(id));
          return all.length >= ids.size ? all : undefined;
        });
        assert.deepEqual(faultsIn(witness.seen, records, keys), []);
        assert.deepEqual((await verifyAudit(stack.auditDir)).findings, []);
      },
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

/** What reached a target though it must not have, in words. */
function faultsIn(
  seen: readonly Seen[],
  records: readonly Record[],
  keys: ReadonlyMap<string, string>,
): string[] {
  const byId = Map.groupBy(records, ({ id }) => id);
  const arrived = Map.groupBy(seen, ({ headers }) => String(headers[DECISION_ID_HEADER]));
  return [...arrived].flatMap(([id, requests]) => {
    const [record, ...others] = byId.get(id) ?? [];
    if (record === undefined || others.length > 0) return [`${id}: ${others.length} records`];
    const { attempts = [], translation, request: judged } = record;
    const allowed = judged.upstreamBodySha256 ?? judged.bodySha256;
    return requests.flatMap(({ headers, body, path }, index) => {
      const target = String(headers[TARGET_HEADER]);
      const said = JSON.stringify(headers);
      const strange = [...keys].filter(([name, key]) => name !== target && said.includes(key));
      const faults = [
        ...(attempts[index]?.target === target ? [] : ["it is no attempt of its record"]),
        ...(translation !== undefined || body === undefined || allowed === hash("sha256", body, "hex")
          ? []
          : ["other bytes than those that were let through"]),
        ...(said.includes(keys.get(target) ?? "") ? [] : ["without the key of its target"]),
        ...strange.map(([name]) => `with the key of ${name}`),
      ];
      return faults.map((fault) => `${path} ${id}: ${fault}`);
    });
  });
}

function writeRegistry(
  dir: string,
  more: readonly { readonly name: string; readonly format: FormatName }[],
): string {
  const file = join(dir, "registry.yaml");
  const model = (name: string, targets: readonly string[]) => ({
    name,
    stage: "active",
    dataClasses: ["public"],
    contextWindow: 10_000_000,
    maxOutputTokens: 256,
    versions: [{ name, weight: 1, targets }],
  });
  const own = DIALECTS.map((name) => ({ name, format: name, speaks: [], key: { file: `${name}.key` } }));
  const targets = [...own, ...more.map(({ name, format }) => ({ name, format }))];
  writeFileSync(
    file,
    stringify({
      version: 1,
      targets: targets.map((target) => ({ ...target, region: "us", provider: "test" })),
      models: [
        ...DIALECTS.map((name) => model(modelOn(name), [name])),
        ...more.map(({ name }) => model(name, [name])),
        model(DENIED_MODEL, [...DIALECTS]),
      ],
    }),
  );
  return file;
}

async function openStreams({ probesOrigin }: Governed): Promise<number> {
  const text = await (await fetch(`${probesOrigin}/metrics`)).text();
  const value = /^regent_streams_open (\d+)$/m.exec(text)?.[1];
  if (value === undefined) throw new Error("no metric regent_streams_open");
  return Number(value);
}

/** Longer than any answer of these tests takes on a busy machine. */
const ANSWER_MS_MAX = 30_000;

async function ask(port: number, asked: Asked): Promise<Got> {
  const { path, body, method = "POST", headers = {}, decide, deny, abortWhen } = asked;
  const outgoing = request({
    host: "127.0.0.1",
    port,
    path,
    method,
    agent: false,
    headers: {
      "content-type": "application/json",
      ...(decide === undefined ? {} : { "x-decide": JSON.stringify(decide) }),
      ...(deny === undefined ? {} : { "x-deny": deny }),
      ...(headers as { [name: string]: string | string[] }),
    },
    signal: AbortSignal.timeout(ANSWER_MS_MAX),
  });
  outgoing.end(Buffer.isBuffer(body) ? body : JSON.stringify(body));
  const [response] = (await once(outgoing, "response")) as [IncomingMessage];
  const pieces: Buffer[] = [];
  let bytes = 0;
  let end: Got["end"] = "clean";
  try {
    for await (const piece of response) {
      pieces.push(Buffer.from(piece));
      bytes += piece.length;
      if (abortWhen?.(bytes) === true) {
        end = "aborted";
        break;
      }
    }
  } catch {
    end = "broken";
  }
  outgoing.destroy();
  const received = Buffer.concat(pieces);
  const id = response.headers["x-regent-decision-id"] as string | undefined;
  const { statusCode: status = 0, headers: own } = response;
  return { id, status, headers: own, body: received, text: received.toString("utf8"), end };
}
