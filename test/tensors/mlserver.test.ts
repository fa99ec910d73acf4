import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import type { FormatName } from "../../src/exchange/inference.ts";
import type { TensorInterface } from "../../src/exchange/model-interface.ts";
import {
  type AnswerFacts,
  parseSignature,
  type TranslationWarning,
  translatorOf,
} from "../../src/translation/index.ts";
import { type MlServer, mlserverMissing, startMlServer } from "./mlserver.ts";

describe("a client of another dialect and MLServer", { skip: mlserverMissing ?? false }, () => {
  let server: MlServer;

  before(async () => {
    server = await startMlServer();
  });
  after(() => server.stop());

  for (const client of ["tfserving", "kserve-v1"] as const) {
    test(`a ${client} client gets the classes that the model itself predicts`, async () => {
      const { rows, predictions } = server.own.iris;
      const { body, warnings } = await ask(client, "iris", { instances: rows });
      assert.deepEqual(
        (body as { predictions: number[][] }).predictions,
        predictions.map((label) => [label]),
      );
      assert.deepEqual(codesOf(warnings, "request"), []);
    });

    test(`a ${client} client gets every digit of the numbers that the model itself predicts`, async () => {
      const { rows, predictions } = server.own.diabetes;
      const { body } = await ask(client, "diabetes", { instances: rows });
      assert.deepEqual(
        (body as { predictions: number[][] }).predictions,
        predictions.map((value) => [value]),
      );
    });
  }

  test("rows that name their tensor, and columns, are the same request", async () => {
    const { rows, predictions } = server.own.iris;
    const expected = predictions.map((label) => [label]);
    const named = await ask("tfserving", "iris", { instances: rows.map((x) => ({ x })) });
    assert.deepEqual(named.body, { predictions: expected });
    const columns = await ask("tfserving", "iris", { inputs: { x: rows } });
    assert.deepEqual(columns.body, { outputs: expected });
  });

  test("a single row is a batch of one", async () => {
    const [row] = server.own.iris.rows;
    const { body } = await ask("tfserving", "iris", { instances: [row] });
    assert.deepEqual(body, { predictions: [[server.own.iris.predictions[0]]] });
  });

  test("without the model's metadata the server takes what is made up, and it is told", async () => {
    const { rows, predictions } = server.own.iris;
    const { body, warnings } = await ask("tfserving", "iris", { instances: rows }, {});
    assert.deepEqual(body, { predictions: predictions.map((label) => [label]) });
    assert.deepEqual(codesOf(warnings, "request"), ["invented /instances", "invented /instances"]);
  });

  test("rows that do not fit the model are refused before they are sent", async () => {
    await assert.rejects(
      ask("tfserving", "iris", { instances: [[1, 2]] }),
      /x: shape \[1,2\] does not fit \[-1,4\]/,
    );
  });

  test("an error of the server comes back in the client's words", async () => {
    const { status, body } = await ask("tfserving", "no-such-model", { instances: [[1, 2]] }, {});
    assert.equal(status, 404);
    assert.match((body as { error: string }).error, /no-such-model/);
  });

  test("an error of the server that is not of its dialect comes back with its status", async () => {
    const { status, body } = await ask("tfserving", "iris", { instances: [[1, 2]] }, {});
    assert.equal(status, 500);
    assert.deepEqual(body, { error: "The server answered with status 500." });
  });

  type Told = { readonly of: "request" | "response" } & TranslationWarning;

  function codesOf(warnings: readonly Told[], of: Told["of"]): string[] {
    return warnings.filter((told) => told.of === of).map(({ code, member }) => `${code} ${member}`);
  }

  /** Sends a request as the client writes it to MLServer, translated there and back. */
  async function ask(client: FormatName, model: string, request: object, declared?: TensorInterface) {
    const tensors = declared ?? (await signatureOf(model));
    const warnings: Told[] = [];
    const headers = new Map();
    const there = translatorOf(client, "kserve-v2", { tensors })?.request?.(
      Buffer.from(JSON.stringify(request)),
      { headers, urlModel: model },
      (warning) => warnings.push({ of: "request", ...warning }),
    );
    assert.ok(there !== undefined);
    const answer = await fetch(`${server.url}${there.path}`, {
      method: "POST",
      headers: [
        ["content-type", there.contentType],
        ...there.headers.map(([name, value]) => [name, value]),
      ] as [string, string][],
      body: new Uint8Array(there.bytes),
    });
    const facts: AnswerFacts = {
      status: answer.status,
      headers: new Map([...answer.headers].map(([name, value]) => [name, [value]])),
      model,
      includeUsage: false,
      nowS: 0,
      id: "id",
      hints: there.hints,
    };
    const back = translatorOf("kserve-v2", client, { tensors })?.response?.(
      Buffer.from(await answer.arrayBuffer()),
      facts,
      (warning) => warnings.push({ of: "response", ...warning }),
    );
    assert.ok(back !== undefined);
    return { status: answer.status, body: JSON.parse(back.bytes.toString()) as unknown, warnings };
  }

  async function signatureOf(model: string) {
    const answer = await fetch(`${server.url}/v2/models/${model}`);
    return parseSignature(Buffer.from(await answer.arrayBuffer()));
  }
});
