/**
 * Requests to the endpoints of every format that are spelt, labelled or framed to be governed as one thing and served as
 * another, through a real Envoy and a policy that lets everything through but one model: what reaches a target is what was
 * judged, or nothing does.
 */
import assert from "node:assert/strict";
import { connect } from "node:http2";
import { after, before, describe, test } from "node:test";
import { gzipSync } from "node:zlib";
import { base64, encodeMessage, framed } from "../../support/infer-proto.ts";
import { type InferModel, startInferModel } from "../formats/infer-model.ts";
import { exchangeBytes, rawRequest } from "../governed/raw.ts";
import type { Answer } from "../support/witness.ts";
import { pathsOf, spellingsOf } from "./formats-spellings.ts";
import {
  type Asked,
  CHAT_DIALECTS,
  type ChatDialect,
  chatIn,
  DENIED_MODEL,
  type FormatsStack,
  type Got,
  modelOn,
  startFormats,
} from "./formats-stack.ts";

/** What a denial of content is to gRPC. */
const INVALID_ARGUMENT = 3;
/** The model of the server that speaks gRPC. */
const INFER_MODEL = "infer";

let formats: FormatsStack;
let infer: InferModel;
before(async () => {
  infer = await startInferModel();
  const origin = `grpc://127.0.0.1:${infer.port}`;
  formats = await startFormats([{ name: INFER_MODEL, origin, format: "kserve-v2-grpc" }]);
  formats.play(answer);
});
after(async () => {
  await formats?.stop();
  await infer?.stop();
});

/** Good enough for every format to be passed on. */
const answer: Answer = (_request, response) =>
  void response.writeHead(200, { "content-type": "application/json" }).end('{"model_name":"m","outputs":[]}');

const arrived = () => formats.witness.seen.length + infer.seen.length;

/** Runs what must not reach a target. */
async function unreached<T>(what: string, work: () => Promise<T>): Promise<T> {
  const count = arrived();
  const result = await work();
  assert.equal(arrived(), count, `${what} reached a target`);
  return result;
}

function refused(what: string, asked: Asked): Promise<Got> {
  return unreached(what, async () => {
    const got = await formats.ask(asked);
    assert.ok(got.status >= 400 || got.headers["grpc-status"] !== undefined, `${what}: ${got.status}`);
    return got;
  });
}

describe("the path of an endpoint", () => {
  /** Why a path with a model that is denied goes nowhere: policy says so, or it is none that anybody serves. */
  const REASONS = new Set([
    "model_denied",
    "path_ambiguous",
    "body_invalid",
    "not_routed",
    "request_malformed",
    // JSON, where a message begins with its length.
    "body_too_large",
  ]);
  /** Bodies that some format reads, each of them asking for the model that is denied where a body can. */
  const body = Buffer.from(
    JSON.stringify({ model: DENIED_MODEL, messages: [{ role: "user", content: "x" }] }),
  );
  const raw = (target: string) => rawRequest(body.toString(), [], { target });

  test("with a model that is denied reaches no target, however it is spelt", async () => {
    for (const path of pathsOf(DENIED_MODEL))
      await unreached(path, async () => {
        for (const spelling of [path, ...spellingsOf(path)]) {
          const answers = await exchangeBytes(formats.port, raw(spelling));
          for (const { headers } of answers)
            assert.ok(REASONS.has(headers.get("x-regent-reason") ?? ""), `${spelling}: ${[...headers]}`);
        }
      });
  });

  test("with a model that may be asked reaches its target as the plain path, or not at all", async () => {
    const model = modelOn("gemini-generate");
    const plain = `/v1beta/models/${model}:generateContent`;
    const { body: chat } = chatIn("gemini-generate", model, false);
    for (const spelling of spellingsOf(plain)) {
      const count = formats.witness.seen.length;
      await exchangeBytes(formats.port, rawRequest(JSON.stringify(chat), [], { target: spelling }));
      for (const { path } of formats.witness.seen.slice(count)) assert.equal(path, plain, spelling);
    }
  });

  test("whose model is no plain name is refused", async () => {
    const allowed = modelOn("gemini-generate");
    for (const name of [
      `${allowed}/../${DENIED_MODEL}`,
      `${allowed}%2f..%2f${DENIED_MODEL}`,
      `${allowed}%00`,
      `${allowed}%20`,
      `${allowed}%3agenerateContent`,
      `${allowed}:generateContent`,
      `${allowed}%3f`,
      `${allowed};x`,
      `models%2f${allowed}`,
      "..",
      "%2e%2e",
      "%ff%fe",
      "%ed%a0%80",
      "__proto__",
      "{model}",
      "*",
      "@host",
      "x".repeat(257),
      "x".repeat(10_000),
    ])
      await refused(name.slice(0, 80), {
        path: `/v1beta/models/${name}:generateContent`,
        body: chatIn("gemini-generate", allowed, false).body,
      });
  });

  test("asked with another method reaches no target", async () => {
    for (const method of ["GET", "PUT", "DELETE", "PATCH", "OPTIONS", "PROPFIND"])
      for (const dialect of CHAT_DIALECTS) {
        const { path, body: chat } = chatIn(dialect, modelOn(dialect), false);
        await refused(`${method} ${path}`, {
          method,
          path,
          body: Buffer.from(JSON.stringify(chat)),
          headers: { "x-http-method-override": "POST" },
        });
      }
  });
});

describe("the query of a request to Google", () => {
  const ask = (query: string): Asked => ({
    path: `/v1beta/models/${modelOn("gemini-generate")}:generateContent?${query}`,
    body: chatIn("gemini-generate", "", false).body,
  });

  test("that asks for another form of answer, or stands for headers, is refused", async () => {
    for (const query of [
      "alt=media",
      "%61lt=proto",
      "ALT=media",
      "%24alt=media",
      "alt=json&$alt=media",
      "alt=json;alt=media",
      "key=k",
      "ke%79=k",
      "$key=k",
      "access_token=k",
      "%24httpHeaders=X-Goog-Api-Key%3Ak%0D%0A",
      "$ct=application/x-protobuf",
      "$httpMethod=DELETE",
      "$fields=candidates",
      "$.xgafv=1",
      "userProject=p",
    ])
      await refused(query, ask(query));
  });

  test("that changes nothing is passed on", async () => {
    for (const query of ["alt=json", "$prettyPrint=false", "quotaUser=u"]) {
      const got = await formats.ask(ask(query));
      assert.equal(got.status, 200, query);
      assert.ok(formats.witness.seen.at(-1)?.path.endsWith(`?${query}`));
    }
  });
});

describe("the length of the JSON before binary tensors", () => {
  const json = Buffer.from(
    JSON.stringify({
      inputs: [{ name: "t", datatype: "BYTES", shape: [1], parameters: { binary_data_size: 9 } }],
    }),
  );
  const body = Buffer.concat([json, Buffer.from([5, 0, 0, 0]), Buffer.from("Hello")]);
  const ask = (length: string | readonly string[]): Asked => ({
    path: `/v2/models/${modelOn("kserve-v2")}/infer`,
    body,
    headers: { "content-type": "application/octet-stream", "inference-header-content-length": length },
  });

  test("is taken where it is true, and only there", async () => {
    assert.equal((await formats.ask(ask(String(json.length)))).status, 200);
    const n = json.length;
    for (const lie of [
      "",
      "0",
      "-1",
      `+${n}`,
      `-${n}`,
      `0x${n.toString(16)}`,
      `${n}.0`,
      `${n}e0`,
      `${n},${n}`,
      `${n} ${n}`,
      String(n - 1),
      String(n + 1),
      String(body.length),
      String(body.length + 1),
      "9".repeat(15),
      "9".repeat(400),
      "NaN",
      [String(n), String(n)],
      [String(n), "1"],
    ])
      await refused(JSON.stringify(lie), ask(lie));
  });

  test("does not hide bytes that no tensor has, nor another model", async () => {
    const plain = { inputs: [{ name: "t", datatype: "BYTES", shape: [1], data: ["a"] }] };
    const bytes = Buffer.from(JSON.stringify(plain));
    const hidden = Buffer.concat([bytes, Buffer.from(JSON.stringify({ model_name: DENIED_MODEL }))]);
    await refused("bytes behind", { ...ask(String(bytes.length)), body: hidden });
    await refused("bytes behind, unannounced", { ...ask([]), body: hidden });
    await refused("another model", { ...ask([]), body: { ...plain, model_name: DENIED_MODEL } });
  });
});

describe("a body", () => {
  test("that names the model that is denied reaches no target, whatever its type says", async () => {
    for (const type of [
      "application/grpc",
      "application/grpc+json",
      "application/grpc-web",
      "application/x-protobuf",
      "application/json+protobuf",
      "multipart/form-data; boundary=x",
      ["application/json", "application/grpc"],
    ])
      for (const dialect of CHAT_DIALECTS)
        await refused(`${type} ${dialect}`, {
          ...chatIn(dialect, DENIED_MODEL, false),
          headers: { "content-type": type },
        });
  });

  test("of JSON under another type reaches its target as JSON", async () => {
    for (const type of ["application/grpc", "application/x-protobuf", "text/plain"])
      for (const dialect of CHAT_DIALECTS) {
        await formats.ask({ ...chatIn(dialect, modelOn(dialect), false), headers: { "content-type": type } });
        assert.equal(formats.witness.seen.at(-1)?.headers["content-type"], "application/json");
      }
  });

  test("of another dialect is not read as one of the endpoint's", async () => {
    const pairs: readonly (readonly [at: ChatDialect, of: ChatDialect])[] = CHAT_DIALECTS.flatMap((at) =>
      CHAT_DIALECTS.filter((of) => of !== at).map((of) => [at, of] as const),
    );
    for (const [at, of] of pairs) {
      const asked = {
        path: chatIn(at, DENIED_MODEL, false).path,
        body: chatIn(of, DENIED_MODEL, false).body,
      };
      await refused(`${of} at ${at}`, asked);
    }
  });
});

describe("what only Regent may say", () => {
  test("is not believed from a client, and does not reach a target", async () => {
    formats.play((_request, response) => void response.writeHead(200, FORGED).end("{}"));
    for (const dialect of CHAT_DIALECTS) {
      const got = await formats.ask({ ...chatIn(dialect, modelOn(dialect), false), headers: FORGED });
      const { headers } = formats.witness.seen.at(-1) ?? assert.fail();
      const reserved = Object.entries(headers).filter(([name]) => name.startsWith("x-regent-"));
      assert.deepEqual(new Map(reserved), new Map(reserved).set("x-regent-target", dialect));
      assert.equal(headers["x-regent-decision-id"], got.id);
      assert.ok(!JSON.stringify([got.headers, reserved]).includes("forged"));
      assert.deepEqual(
        Object.keys(got.headers).filter((name) => name.startsWith("x-regent-")),
        ["x-regent-decision-id"],
      );
    }
    formats.play(answer);
  });

  test("of an exchange that is open cannot be used by another one, nor by many with one request id", async () => {
    const release = Promise.withResolvers<void>();
    const reached = Promise.withResolvers<string>();
    const asked = chatIn("openai-chat", modelOn("anthropic-messages"), false);
    formats.play((request, response) => {
      reached.resolve(String(request.headers["x-regent-decision-id"]));
      void release.promise.then(() => response.writeHead(500).end());
    });
    const first = formats.ask(asked);
    const id = await reached.promise;
    formats.play((_request, response) => void response.writeHead(500).end());
    const headers = { "x-regent-decision-id": id, "x-request-id": id };
    const others = await Promise.all(Array.from({ length: 8 }, () => formats.ask({ ...asked, headers })));
    release.resolve();
    const ids = [...others, await first].map((got) => got.id);
    assert.equal(new Set(ids).size, 9);
    assert.equal(ids.at(-1), id);
    formats.play(answer);
  });
});

/** What a client and an upstream say under Regent's names. */
const FORGED = {
  "content-type": "application/json",
  "x-regent-decision-id": "forged",
  "x-regent-target": "forged",
  "x-regent-upstream": "forged",
  "x-regent-reason": "forged",
  "x-regent-warning": "forged",
  "x-regent-translation-warnings": "forged",
  "x-regent-tenant": "forged",
};

describe("a call over gRPC", () => {
  const message = (model: string) =>
    encodeMessage("request", {
      modelName: model,
      inputs: [{ name: "t", datatype: "BYTES", shape: [1], contents: { bytesContents: [base64("Hello")] } }],
    });
  const allowed = message(INFER_MODEL);
  const denied = message(DENIED_MODEL);
  const frame = (flag: number, bytes: Buffer, length = bytes.length) => {
    const head = Buffer.alloc(5);
    head.writeUInt8(flag);
    head.writeUInt32BE(length, 1);
    return Buffer.concat([head, bytes]);
  };
  const zipped = { "grpc-encoding": "gzip" };

  test("reaches its server, compressed and followed by trailers too", async () => {
    for (const [bytes, headers] of [
      [framed(allowed), {}],
      [frame(1, gzipSync(allowed)), zipped],
      [framed(allowed), { "grpc-timeout": "1n" }],
    ] as const) {
      const count = infer.seen.length;
      assert.equal(await call("ModelInfer", bytes, headers), 0);
      assert.deepEqual([infer.seen.length, infer.seen.at(-1)?.request.model_name], [count + 1, INFER_MODEL]);
    }
  });

  test("that is no one message for one model that may be asked is refused", async () => {
    const cases: { readonly [what: string]: readonly [string, Buffer, object?] } = {
      denied: ["ModelInfer", framed(denied)],
      "denied in gzip": ["ModelInfer", frame(1, gzipSync(denied)), zipped],
      "two messages": ["ModelInfer", framed(allowed, denied)],
      "two messages, the denied one first": ["ModelInfer", framed(denied, allowed)],
      "the denied model first in a stream": ["ModelStreamInfer", framed(denied, allowed)],
      "the model twice": [
        "ModelInfer",
        framed(Buffer.concat([allowed, encodeMessage("request", { modelName: DENIED_MODEL })])),
      ],
      "compressed without a coding": ["ModelInfer", frame(1, gzipSync(allowed))],
      "compressed, with identity": [
        "ModelInfer",
        frame(1, gzipSync(allowed)),
        { "grpc-encoding": "identity" },
      ],
      "compressed, with two codings": [
        "ModelInfer",
        frame(1, gzipSync(allowed)),
        { "grpc-encoding": "gzip,gzip" },
      ],
      "plain, called compressed": ["ModelInfer", frame(1, allowed), zipped],
      "with another flag": ["ModelInfer", frame(2, allowed)],
      "with the flag of trailers": ["ModelInfer", frame(128, allowed)],
      "decompressed too large": [
        "ModelInfer",
        frame(1, gzipSync(Buffer.concat([allowed, Buffer.alloc(64_000_000)]))),
        zipped,
      ],
      "cut short": ["ModelInfer", framed(allowed).subarray(0, -3)],
      "cut in its head": ["ModelInfer", framed(allowed).subarray(0, 3)],
      "of 100 MB, it says": ["ModelInfer", frame(0, allowed, 100_000_000)],
      "of 4 GiB, it says": ["ModelInfer", frame(0, allowed, 2 ** 32 - 1)],
      "shorter than it is": ["ModelInfer", frame(0, allowed, 4)],
      empty: ["ModelInfer", Buffer.alloc(0)],
      "an empty message": ["ModelInfer", framed(Buffer.alloc(0))],
      JSON: ["ModelInfer", Buffer.from(JSON.stringify({ model_name: INFER_MODEL }))],
      "a method in another case": ["modelinfer", framed(allowed)],
      "a method with a slash": ["ModelInfer/", framed(allowed)],
      "a method that is not served": ["RepositoryModelUnload", framed(allowed)],
    };
    for (const [what, [method, bytes, headers]] of Object.entries(cases))
      assert.notEqual(await unreached(what, () => call(method, bytes, headers)), 0, what);
  });

  test("with another model behind one that may be asked passes on the first alone", async () => {
    const count = infer.seen.length;
    assert.equal(await call("ModelStreamInfer", framed(allowed, denied, allowed)), INVALID_ARGUMENT);
    const passed = infer.seen.slice(count).map(({ request }) => request.model_name);
    assert.deepEqual(passed, [INFER_MODEL]);
  });

  /** The gRPC status of a call. Only calls of one message end in trailers, which no client of gRPC sends. */
  async function call(method: string, bytes: Buffer, headers: object = {}): Promise<number> {
    const session = connect(`http://127.0.0.1:${formats.port}`);
    const { promise, resolve, reject } = Promise.withResolvers<number>();
    session.on("error", reject);
    const stream = session.request(
      {
        ":method": "POST",
        ":path": `/inference.GRPCInferenceService/${method}`,
        "content-type": "application/grpc",
        te: "trailers",
        ...headers,
      },
      { waitForTrailers: method === "ModelInfer" },
    );
    stream.on("wantTrailers", () => stream.sendTrailers({ "x-regent-target": "forged" }));
    let status: string | undefined;
    stream.on("response", (head) => {
      status ??= head["grpc-status"] as string | undefined;
    });
    stream.on("trailers", (trailers) => {
      status ??= trailers["grpc-status"] as string | undefined;
    });
    stream.on("error", reject);
    stream.on("close", () => resolve(Number(status)));
    stream.resume();
    stream.end(bytes);
    try {
      return await promise;
    } finally {
      session.destroy();
    }
  }
});

test("everything that reached a target had been let through", () => formats.settle());
