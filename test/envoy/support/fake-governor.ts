import type { RegentError } from "../../../src/exchange/errors.ts";
import type { Exchange, ExchangeEnd, ResponseHead } from "../../../src/exchange/exchange.ts";
import { headersFrom } from "../../../src/exchange/headers.ts";
import { type Permit, permit } from "../../../src/exchange/permit.ts";
import type { OwnAnswer, Plan } from "../../../src/exchange/plan.ts";
import type {
  ChunkAnswer,
  Governance,
  Governor,
  RequestAnswer,
  RequestHeadAnswer,
  ResponseAnswer,
  ResponseHeadAnswer,
} from "../../../src/pipeline/governor.ts";

/** An exchange for a reducer, which looks at the id and the headers of one alone. */
export const EXCHANGE: Exchange = {
  id: "id",
  protocol: "ext_proc",
  startedAtMs: 0,
  request: {
    method: "POST",
    scheme: "http",
    host: "a",
    path: "/",
    pathname: "/",
    query: undefined,
    headers: headersFrom([["accept", "*/*"]]),
    clientRequestId: undefined,
  },
  source: {},
  destination: {},
};

/** What one exchange went through, in order, and how it ended: one entry for every call of `end`. */
export type Account = {
  readonly exchange: Exchange;
  readonly calls: string[];
  readonly ends: ExchangeEnd[];
  readonly refusals: RegentError[];
};

/** How a fake governs; what is left out lets everything pass unread. */
export type Script = {
  readonly requestHead?: (
    exchange: Exchange,
    endOfStream: boolean,
  ) => RequestHeadAnswer | Promise<RequestHeadAnswer>;
  readonly requestBody?: (body: Buffer, exchange: Exchange) => RequestAnswer | Promise<RequestAnswer>;
  readonly responseHead?: (
    head: ResponseHead,
    endOfStream: boolean,
  ) => ResponseHeadAnswer | Promise<ResponseHeadAnswer>;
  readonly responseBody?: (body: Buffer) => ResponseAnswer | Promise<ResponseAnswer>;
  readonly responseChunk?: (chunk: Buffer, endOfStream: boolean) => ChunkAnswer | Promise<ChunkAnswer>;
  readonly refuse?: (error: RegentError) => OwnAnswer;
};

export type FakeGovernor = Governor & {
  readonly accounts: readonly Account[];
  /** Resolves with the next account that ends, in the order of `end`. */
  nextEnd(): Promise<Account>;
};

export function fakeGovernor(script: Script): FakeGovernor {
  const accounts: Account[] = [];
  const ended: Account[] = [];
  const waiting: ((account: Account) => void)[] = [];
  const onEnd = (account: Account) => {
    const next = waiting.shift();
    if (next === undefined) ended.push(account);
    else next(account);
  };
  return {
    accounts,
    nextEnd() {
      const first = ended.shift();
      if (first !== undefined) return Promise.resolve(first);
      return new Promise((resolve) => waiting.push(resolve));
    },
    begin(exchange) {
      const account: Account = { exchange, calls: [], ends: [], refusals: [] };
      accounts.push(account);
      return fakeGovernance(script, account, onEnd);
    },
    check: () => Promise.reject(new Error("not ext_authz")),
    identify: () => ({ failed: "not ext_authz" }),
    recordDenial: () => {},
    attempt: () => {
      throw new Error("not at a cluster");
    },
    open: () => accounts.length - ended.length,
  };
}

function fakeGovernance(script: Script, account: Account, onEnd: (account: Account) => void): Governance {
  const { calls, ends, refusals, exchange } = account;
  return {
    async requestHead(endOfStream) {
      calls.push("requestHead");
      return script.requestHead?.(exchange, endOfStream) ?? pass();
    },
    async requestBody(body) {
      calls.push("requestBody");
      return script.requestBody?.(body, exchange) ?? pass();
    },
    async responseHead(head, endOfStream) {
      calls.push("responseHead");
      return script.responseHead?.(head, endOfStream) ?? { kind: "pass", plan: plan(), body: "none" };
    },
    async responseBody(body) {
      calls.push("responseBody");
      return script.responseBody?.(body) ?? { kind: "pass", plan: plan() };
    },
    responseChunk(chunk, endOfStream) {
      calls.push("responseChunk");
      return script.responseChunk?.(chunk, endOfStream) ?? { bytes: chunk, end: false };
    },
    refuse(error) {
      calls.push("refuse");
      refusals.push(error);
      return (
        script.refuse?.(error) ?? answer(error.status, { error: { code: error.code, message: error.detail } })
      );
    },
    end(how) {
      ends.push(how);
      onEnd(account);
    },
  };
}

/** A plan with nothing in it but what is given. */
export function plan(
  set: Readonly<Record<string, string>> = {},
  more: Partial<Plan> & { remove?: readonly string[] } = {},
): Plan {
  const { remove = [], ...rest } = more;
  return {
    headers: { remove, set: Object.entries(set) },
    clearRouteCache: false,
    metadata: {},
    ...rest,
  };
}

/** Lets a request pass. */
export function pass(changes: Plan = plan()): RequestAnswer {
  return { kind: "pass", permit: PERMIT, plan: changes };
}

/** Regent's own answer, in JSON. */
export function answer(status: number, body: unknown): OwnAnswer {
  return {
    status,
    headers: [["content-type", "application/json"]],
    body: Buffer.from(JSON.stringify(body)),
    details: "regent_test",
  };
}

/** Refuses with a code. */
export function deny(status: number, code: string): { readonly kind: "answer"; readonly answer: OwnAnswer } {
  return { kind: "answer", answer: answer(status, { error: { code } }) };
}

export const PERMIT = permitted();

function permitted(): Permit {
  const made = permit({
    allow: true,
    reasons: [],
    status: undefined,
    redact: [],
    route: { headers: new Map() },
    limits: [],
    transform: { setHeaders: new Map(), removeHeaders: [], setQuery: new Map(), bodyPatch: [] },
    audit: { level: "digest", labels: new Map() },
    hold: undefined,
    response: { inspect: false },
    revision: "test",
  });
  if (made === undefined) throw new Error("an allow is no permit");
  return made;
}
