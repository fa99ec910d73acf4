/**
 * The Open Inference Protocol over HTTP through a real Envoy with Regent beside it: JSON, and tensors in bytes behind it.
 */
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { joinElements, splitElements } from "../../../src/formats/tensors/index.ts";
import { ANALYST } from "../governed/ask.ts";
import { recordOf } from "../governed/records.ts";
import type { Governed } from "../governed/stack.ts";
import { type Answer, startWitness, type Witness } from "../support/witness.ts";
import { MODEL, startTensorStack, VERSION } from "./tensor-stack.ts";

const LENGTH = "inference-header-content-length";
const INFER = `/v2/models/${MODEL}/infer`;

/** Two doubles that JSON has not, behind an answer. */
const DOUBLES = Buffer.from("000000000000f87f000000000000f0ff", "hex");

/** Answers as Triton does: binary where it is asked to, an error where the model does not know what to do. */
const answer: Answer = (request, response, body) => {
  const json = body.toString("utf8", 0, Number(request.headers[LENGTH] ?? body.length));
  const { inputs, outputs } = JSON.parse(json) as {
    inputs: readonly { name: string }[];
    outputs?: readonly { parameters?: { binary_data?: boolean } }[];
  };
  const output = { name: "y", datatype: "FP64", shape: [2] };
  if (inputs[0]?.name === "unknown") {
    response.writeHead(400, { "content-type": "application/json" });
    response.end('{"error":"unexpected inference input \'unknown\'"}');
  } else if (outputs?.[0]?.parameters?.binary_data === true) {
    const sized = { ...output, parameters: { binary_data_size: DOUBLES.length } };
    const head = Buffer.from(JSON.stringify({ model_name: VERSION, outputs: [sized] }));
    response.writeHead(200, { "content-type": "application/octet-stream", [LENGTH]: head.length });
    response.end(Buffer.concat([head, DOUBLES]));
  } else {
    response.writeHead(200, { "content-type": "application/json" });
    response.end(JSON.stringify({ model_name: VERSION, outputs: [{ ...output, data: [0.5, 1] }] }));
  }
};

describe("a client of the Open Inference Protocol", () => {
  let server: Witness;
  let stack: Governed;
  before(async () => {
    server = await startWitness(answer);
    stack = await startTensorStack("kserve-v2", `http://127.0.0.1:${server.port}`);
  });
  after(async () => {
    await stack?.stop();
    await server?.stop();
  });

  async function post(body: string | Buffer, headers: Readonly<Record<string, string>> = {}, path = INFER) {
    const response = await fetch(`http://127.0.0.1:${stack.port}${path}`, {
      method: "POST",
      headers: { ...ANALYST, "content-type": "application/json", ...headers },
      body: typeof body === "string" ? body : new Uint8Array(body),
    });
    const decision = response.headers.get("x-regent-decision-id") ?? undefined;
    const seen = server.seen.find(({ headers: given }) => given["x-regent-decision-id"] === decision);
    return { response, decision, seen, bytes: Buffer.from(await response.arrayBuffer()) };
  }

  const parts = [
    joinElements([Buffer.from("mail jane.doe@example.com"), Buffer.from("é"), Buffer.from([0xff])]),
    Buffer.from("0a0000000b000000", "hex"),
  ] as const;
  const binary = (more: object = {}) => {
    const inputs = [
      { name: "text", datatype: "BYTES", shape: [3], parameters: { binary_data_size: parts[0].length } },
      { name: "ids", datatype: "INT32", shape: [2], parameters: { binary_data_size: parts[1].length } },
    ];
    const json = Buffer.from(JSON.stringify({ inputs, ...more }));
    return {
      body: Buffer.concat([json, ...parts]),
      headers: { "content-type": "application/octet-stream", [LENGTH]: String(json.length) },
    };
  };

  test("reaches the version that was chosen by its path, with the bytes that it sent", async () => {
    const body =
      '{ "inputs":[{"name":"x","shape":[1,2],"datatype":"INT64","data":[[9007199254740993, 1]]}] }';
    const { response, decision, seen } = await post(body);
    assert.equal(response.status, 200);
    assert.equal(seen?.path, `/v2/models/${VERSION}/infer`);
    assert.equal(seen?.body?.toString(), body);
    const record = await recordOf(stack, decision);
    assert.deepEqual(record.inference, {
      format: "kserve-v2",
      operation: "infer",
      model: MODEL,
      stream: false,
    });
  });

  test("names a version of the model that stays", async () => {
    const { response, seen } = await post('{"inputs":[]}', {}, `/v2/models/${MODEL}/versions/3/infer`);
    assert.deepEqual([response.status, seen?.path], [200, `/v2/models/${VERSION}/versions/3/infer`]);
  });

  test("gets personal data masked in JSON, and nothing else in it changes", async () => {
    const body = (text: string) =>
      `{"inputs":[{"name":"x","shape":[1],"datatype":"BYTES","data":[ "${text}" ]},{"name":"n","shape":[],"datatype":"FP32","data":[1.50]}]}`;
    const { seen, decision } = await post(body("mail jane.doe@example.com"));
    const masked = /"data":\[ "(.*)" \]/.exec(String(seen?.body))?.[1] ?? "";
    assert.ok(masked.startsWith("mail ") && !masked.includes("jane.doe"), masked);
    assert.equal(seen?.body?.toString(), body(masked));
    assert.equal((await recordOf(stack, decision)).redactions[0]?.count, 1);
  });

  test("gets personal data masked in the bytes of a tensor, with every length right", async () => {
    const { body, headers } = binary();
    const { response, seen } = await post(body, headers);
    assert.equal(response.status, 200);
    const sent = seen?.body as Buffer;
    assert.equal(Number(seen?.headers["content-length"]), sent.length);
    const length = Number(seen?.headers[LENGTH]);
    const { inputs } = JSON.parse(sent.toString("utf8", 0, length)) as {
      inputs: readonly { parameters: { binary_data_size: number } }[];
    };
    const size = inputs[0]?.parameters.binary_data_size as number;
    const [text, accent, raw] = splitElements("text", [3], sent.subarray(length, length + size));
    assert.ok(text?.toString().startsWith("mail ") && !text.includes("jane.doe"));
    assert.deepEqual([accent, raw], [Buffer.from("é"), Buffer.from([0xff])]);
    assert.deepEqual(sent.subarray(length + size), parts[1]);
  });

  test("gets a binary answer byte for byte", async () => {
    const { body, headers } = binary({ outputs: [{ name: "y", parameters: { binary_data: true } }] });
    const { response, bytes } = await post(body, headers);
    assert.equal(response.headers.get("content-type"), "application/octet-stream");
    const length = Number(response.headers.get(LENGTH));
    assert.deepEqual(bytes.subarray(length), DOUBLES);
    assert.equal(
      (JSON.parse(bytes.toString("utf8", 0, length)) as { model_name: string }).model_name,
      VERSION,
    );
  });

  test("is refused in the words of the protocol, and nothing reaches the server", async () => {
    const denied = await post('{"inputs":[]}', {}, "/v2/models/sim-frontier/infer");
    assert.equal(denied.response.status, 403);
    assert.match((JSON.parse(denied.bytes.toString()) as { error: string }).error, /sim-frontier/);
    assert.equal(denied.response.headers.get("x-regent-reason"), "model_not_permitted");
    assert.equal(denied.seen, undefined);
  });

  test("is told which tensor is wrong", async () => {
    const { body, headers } = binary();
    for (const [sent, error] of [
      [body.subarray(0, -1), "ids: 8 bytes announced, 7 left"],
      [Buffer.concat([body, Buffer.alloc(1)]), "1 bytes behind the last tensor"],
    ] as const) {
      const { response, bytes, seen } = await post(sent, headers);
      assert.equal(response.status, 400);
      assert.deepEqual(JSON.parse(bytes.toString()), { error, code: "body_invalid" });
      assert.equal(seen, undefined);
    }
  });

  test("gets the server's own error as it is", async () => {
    const { response, bytes } = await post(
      '{"inputs":[{"name":"unknown","shape":[1],"datatype":"BOOL","data":[true]}]}',
    );
    assert.equal(response.status, 400);
    assert.equal(bytes.toString(), '{"error":"unexpected inference input \'unknown\'"}');
  });
});
