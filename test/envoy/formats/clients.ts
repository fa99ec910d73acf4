import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import type { Record } from "../../../src/exchange/record.ts";
import { temporaryFolder } from "../../local/support/envoy.ts";
import { KEYS } from "../governed/ask.ts";
import { recordOf } from "../governed/records.ts";
import { type Scripted, startScripted } from "../governed/scripted.ts";
import { type Governed, startGoverned } from "../governed/stack.ts";
import type { Answer } from "../support/witness.ts";

/** How an official client is set up for one request. */
export type Setting = {
  readonly origin: string;
  readonly apiKey: string;
  readonly maxRetries: number;
  readonly timeoutMs: number;
};

/** One call of an official client, and what an upstream may answer to it. */
export type Call = {
  readonly name: string;
  /** Asks for an answer to this and gives the head of what came. */
  ask(setting: Setting, content: string): Promise<{ readonly response: Response }>;
  /** Asks for a stream; absent where there is none. */
  stream?(setting: Setting, content: string): Promise<Streaming>;
  /** A whole answer, and the tokens that it reports. */
  readonly answer: object;
  readonly tokens: number;
  /** A streamed answer; of pieces that are words, and in the order in which they come. */
  readonly events?: readonly string[];
  /** The same without a word about tokens. */
  readonly silent?: readonly string[];
  /** An error as this API has it. */
  error(status: number): object;
  /** The exception for a status, and that for a request that takes too long. */
  readonly exceptions: ReadonlyMap<number, Exception>;
  readonly timedOut: Exception;
};

type Streaming = { readonly response: Response; readonly events: AsyncIterable<unknown> };
type Exception = new (...args: never[]) => Error;

/** Requests take their time on two busy cores, but do not hang. */
const REQUEST_TIMEOUT_MS = 30_000;
/** Short enough for a test, long enough for the request to be at the model. */
const SHORT_TIMEOUT_MS = 1_500;
/** More than fit into the smallest budget of the demo, were their reservations not given back. */
const FAILURES = 12;

/** What every official client must be told, and what is charged for what it does by itself: runs for each of its calls. */
export function testCalls(client: string, calls: readonly Call[]): void {
  describe(`${client}, when a model fails`, () => {
    let scripted: Scripted;
    let stack: Governed;
    const folder = temporaryFolder();
    before(async () => {
      scripted = await startScripted();
      stack = await startGoverned({
        config: (usual) => ({
          ...usual,
          registry: { file: scripted.writeRegistry(folder.path) },
          audit: { ...usual.audit, flush: "5ms" },
        }),
        targets: [scripted.target],
      });
    });
    after(async () => {
      await stack?.stop();
      await scripted?.stop();
      folder.remove();
    });

    const setting = (more: Partial<Setting> = {}): Setting => ({
      origin: `http://127.0.0.1:${stack.port}`,
      apiKey: KEYS.acmeAnalyst,
      maxRetries: 0,
      timeoutMs: REQUEST_TIMEOUT_MS,
      ...more,
    });

    /** Does something, and gives the records of all that reached the model because of it, in order. */
    const watch = async <T>(work: () => Promise<T>): Promise<{ result: T; records: Record[] }> => {
      const before = scripted.witness.seen.length;
      const result = await work();
      const ids = scripted.witness.seen
        .slice(before)
        .map(({ headers }) => String(headers["x-regent-decision-id"]));
      assert.equal(new Set(ids).size, ids.length, "each attempt is decided upon by itself");
      return { result, records: await Promise.all(ids.map((id) => recordOf(stack, id))) };
    };

    /** Answers one after the other; the last one from then on. */
    const play = (...answers: readonly Answer[]) => {
      const rest = [...answers];
      scripted.play((...asked) => (rest.length > 1 ? rest.shift() : rest[0])?.(...asked));
    };

    for (const call of calls) {
      const ok = reply(200, call.answer);
      const failing = (status: number, headers: object = {}) => reply(status, call.error(status), headers);

      test(`${call.name}: raises the exception of each status, and nothing is charged`, async () => {
        for (const [status, exception] of call.exceptions) {
          play(failing(status));
          const { records } = await watch(() =>
            assert.rejects(call.ask(setting(), "Hello."), (error) => {
              assert.ok(error instanceof exception, `${status}: ${error}`);
              assert.equal((error as { status?: number }).status, status);
              assert.match(error.message, /The model was asked to fail/);
              return true;
            }),
          );
          assert.deepEqual(
            records.map((record) => [record.verdict, record.status, record.charge]),
            [["allow", status, undefined]],
          );
        }
      });

      test(`${call.name}: tries again by itself, and only the answer is charged`, async () => {
        play(failing(429, { "retry-after": "0" }), failing(503, { "retry-after-ms": "1" }), ok);
        const { records } = await watch(() => call.ask(setting({ maxRetries: 2 }), "Hello."));
        assert.deepEqual(
          records.map(({ status, charge }) => [status, charge?.tokens, charge?.source]),
          [
            [429, undefined, undefined],
            [503, undefined, undefined],
            [200, call.tokens, "reported"],
          ],
        );
      });

      test(`${call.name}: waits as long as it is told to before it tries again`, async () => {
        const waitMs = 700;
        play(failing(429, { "retry-after-ms": String(waitMs) }), ok);
        const startMs = performance.now();
        const { records } = await watch(() => call.ask(setting({ maxRetries: 1 }), "Hello."));
        assert.equal(records.length, 2);
        assert.ok(performance.now() - startMs >= waitMs);
      });

      test(`${call.name}: does not try again where the model says that it is in vain`, async () => {
        play(failing(500, { "x-should-retry": "false" }));
        const { records } = await watch(() => assert.rejects(call.ask(setting({ maxRetries: 3 }), "Hello.")));
        assert.equal(records.length, 1);
      });

      test(`${call.name}: what fails takes nothing from a budget, however often it is tried`, async () => {
        const apiKey = KEYS.initechAnalyst;
        play(failing(500, { "retry-after-ms": "1" }));
        const { records } = await watch(() =>
          assert.rejects(call.ask(setting({ apiKey, maxRetries: FAILURES - 1 }), "Hello.")),
        );
        assert.equal(records.length, FAILURES);
        assert.ok(records.every(({ charge, verdict }) => charge === undefined && verdict === "allow"));
        play(ok);
        const { records: paid } = await watch(() => call.ask(setting({ apiKey }), "Hello."));
        assert.deepEqual(
          paid.map(({ charge }) => charge?.tokens),
          [call.tokens],
        );
      });

      test(`${call.name}: gives up when it takes too long, and the record says that it left`, async () => {
        play(() => {});
        const { records } = await watch(() =>
          assert.rejects(
            call.ask(setting({ timeoutMs: SHORT_TIMEOUT_MS }), "Hello."),
            (error) => error instanceof call.timedOut,
          ),
        );
        // Nothing was delivered, but the prompt was.
        const [record] = records;
        assert.deepEqual([records.length, record?.end], [1, "aborted"]);
        assert.deepEqual(record?.charge, { tokens: record?.estimate?.inputTokens, source: "estimated" });
      });

      const { stream, events = [], silent = [] } = call;
      if (stream === undefined) continue;
      const streamed = sse(events);

      test(`${call.name}: gets a stream after it has tried again, charged once`, async () => {
        play(failing(500, { "retry-after-ms": "1" }), streamed);
        const { result, records } = await watch(async () => {
          const { events: received } = await stream(setting({ maxRetries: 1 }), "Hello.");
          return allOf(received);
        });
        assert.ok(result.length > 0);
        assert.deepEqual(
          records.map(({ status, charge }) => [status, charge?.tokens, charge?.source]),
          [
            [500, undefined, undefined],
            [200, call.tokens, "reported"],
          ],
        );
      });

      test(`${call.name}: gets a stream that reports no usage, which is estimated and marked so`, async () => {
        play(sse(silent));
        const { result, records } = await watch(async () => {
          const { events: received } = await stream(setting(), "Hello.");
          return allOf(received);
        });
        assert.ok(result.length > 0);
        const [record] = records;
        const { tokens = 0, source } = record?.charge ?? {};
        assert.deepEqual([record?.end, record?.usage, source], ["complete", undefined, "estimated"]);
        const { inputTokens = 0, outputTokensMax = 0 } = record?.estimate ?? {};
        assert.ok(tokens > inputTokens && tokens < inputTokens + outputTokensMax, `${tokens} tokens`);
      });

      test(`${call.name}: does not try again what broke off in the middle of a stream`, async () => {
        play(sse(events.slice(0, -3)));
        const { records } = await watch(async () => {
          const { events: received } = await stream(setting({ maxRetries: 3 }), "Hello.");
          await assert.rejects(allOf(received));
        });
        assert.deepEqual(
          records.map(({ upstreamError, charge }) => [upstreamError, charge?.source]),
          [["upstream_incomplete", "estimated"]],
        );
      });

      test(`${call.name}: leaves in the middle of a stream, and what was delivered is charged`, async () => {
        play(endless(events));
        const { records } = await watch(async () => {
          const { events: received } = await stream(setting({ maxRetries: 3 }), "Hello.");
          let seen = 0;
          for await (const _ of received) if (++seen === events.length - 3) break;
        });
        assert.deepEqual(
          records.map(({ end, charge }) => [end, charge?.source]),
          [["aborted", "estimated"]],
        );
        const [record] = records;
        const { tokens = 0 } = record?.charge ?? {};
        assert.ok(tokens > 0 && tokens < (record?.estimate?.outputTokensMax ?? 0), `${tokens} tokens`);
      });
    }
  });
}

async function allOf(events: AsyncIterable<unknown>): Promise<unknown[]> {
  const all: unknown[] = [];
  for await (const event of events) all.push(event);
  return all;
}

function reply(status: number, body: object, headers: object = {}): Answer {
  return (_request, response) => {
    response.writeHead(status, { "content-type": "application/json", ...headers });
    response.end(JSON.stringify(body));
  };
}

function sse(events: readonly string[]): Answer {
  return (_request, response) => {
    response.writeHead(200, { "content-type": "text/event-stream" });
    response.end(events.join(""));
  };
}

/** All but the end of a stream, and then nothing. */
function endless(events: readonly string[]): Answer {
  return (_request, response) => {
    response.writeHead(200, { "content-type": "text/event-stream" });
    response.write(events.slice(0, -3).join(""));
  };
}
