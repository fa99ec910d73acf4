import assert from "node:assert/strict";
import { test } from "node:test";
import { traceContextOf } from "./trace-context.ts";

const TRACE = "0af7651916cd43dd8448eb211c80319c";
const SPAN = "b7ad6b7169203331";

function contextOf(headers: { readonly [name: string]: string }) {
  return traceContextOf((name) => headers[name]);
}

test("reads the span that asks from W3C trace context and both forms of B3", () => {
  const expected = { traceId: TRACE, spanId: SPAN };
  assert.deepEqual(contextOf({ traceparent: `00-${TRACE}-${SPAN}-01` }), expected);
  assert.deepEqual(contextOf({ traceparent: `cc-${TRACE}-${SPAN}-00-from-the-future` }), expected);
  for (const b3 of [`${TRACE}-${SPAN}`, `${TRACE}-${SPAN}-1`, `${TRACE}-${SPAN}-d-05e3ac9a4f6e3b90`])
    assert.deepEqual(contextOf({ b3 }), expected);
  assert.deepEqual(contextOf({ "x-b3-traceid": TRACE.toUpperCase(), "x-b3-spanid": SPAN }), expected);
  assert.deepEqual(contextOf({ b3: `8448eb211c80319c-${SPAN}` }), {
    traceId: "00000000000000008448eb211c80319c",
    spanId: SPAN,
  });
});

test("takes nothing else for one", () => {
  const rubbish: { [name: string]: string }[] = [
    {},
    { traceparent: "" },
    { traceparent: `ff-${TRACE}-${SPAN}-01` },
    { traceparent: `00-${"0".repeat(32)}-${SPAN}-01` },
    { traceparent: `00-${TRACE}-${"0".repeat(16)}-01` },
    { traceparent: `00-${TRACE.toUpperCase()}-${SPAN}-01` },
    { traceparent: `00-${TRACE}-${SPAN}` },
    { b3: "0" },
    { b3: `${TRACE}-${SPAN}1` },
    { "x-b3-traceid": TRACE },
    { "x-b3-spanid": SPAN },
    { "x-b3-traceid": `${TRACE}0`, "x-b3-spanid": SPAN },
  ];
  for (const headers of rubbish) assert.equal(contextOf(headers), undefined, JSON.stringify(headers));
});

test("goes on to the next form where one cannot be read", () => {
  assert.deepEqual(contextOf({ traceparent: "nonsense", b3: `${TRACE}-${SPAN}` }), {
    traceId: TRACE,
    spanId: SPAN,
  });
});
