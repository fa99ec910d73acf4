/** Who asked, in the words of distributed tracing: hexadecimal, 32 and 16 digits. */
export type TraceContext = { readonly traceId: string; readonly spanId: string };

/** One header, or one value of the metadata of a gRPC call; undefined when it is not there. */
export type ReadHeader = (name: string) => string | undefined;

const W3C = /^[0-9a-f]{2}-([0-9a-f]{32})-([0-9a-f]{16})-[0-9a-f]{2}/;
const B3_SINGLE = /^([0-9a-f]{32}|[0-9a-f]{16})-([0-9a-f]{16})(-|$)/i;
const B3_TRACE = /^([0-9a-f]{32}|[0-9a-f]{16})$/i;
const B3_SPAN = /^[0-9a-f]{16}$/i;
const ZEROS = /^0+$/;

/**
 * The span in which somebody asks, from the headers of a request or the metadata of a call: W3C trace context
 * (https://www.w3.org/TR/trace-context/#traceparent-header), then B3 in one header or in several
 * (https://github.com/openzipkin/b3-propagation), as opa-envoy-plugin reads them. What has another form is none.
 */
export function traceContextOf(header: ReadHeader): TraceContext | undefined {
  return w3c(header("traceparent")) ?? b3Single(header("b3")) ?? b3Multi(header);
}

function w3c(text: string | undefined): TraceContext | undefined {
  // Version ff is forbidden.
  if (text === undefined || text.startsWith("ff")) return undefined;
  const [, traceId, spanId] = W3C.exec(text) ?? [];
  return valid(traceId, spanId);
}

function b3Single(text: string | undefined): TraceContext | undefined {
  const [, traceId, spanId] = B3_SINGLE.exec(text ?? "") ?? [];
  return valid(traceId, spanId);
}

function b3Multi(header: ReadHeader): TraceContext | undefined {
  const traceId = header("x-b3-traceid");
  const spanId = header("x-b3-spanid");
  if (traceId === undefined || spanId === undefined) return undefined;
  return B3_TRACE.test(traceId) && B3_SPAN.test(spanId) ? valid(traceId, spanId) : undefined;
}

/** A trace id of 64 bits is one of 128 with zeros in front. Ids of zeros only are none. */
function valid(traceId: string | undefined, spanId: string | undefined): TraceContext | undefined {
  if (traceId === undefined || spanId === undefined || ZEROS.test(traceId) || ZEROS.test(spanId))
    return undefined;
  return { traceId: traceId.toLowerCase().padStart(32, "0"), spanId: spanId.toLowerCase() };
}
