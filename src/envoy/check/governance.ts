import { status } from "@grpc/grpc-js";
import { type HeaderField, type Headers, headerValues } from "../../exchange/headers.ts";
import { DECISION_ID_HEADER } from "../../exchange/names.ts";
import type { OwnAnswer } from "../../exchange/plan.ts";
import type { CheckBody, Governor, RequestAnswer } from "../../pipeline/governor.ts";
import type { CheckRequest, DeniedHttpResponse, HttpRequest, Init } from "../codec.ts";
import { exchangeFromCheckRequest } from "../exchange.ts";
import { GrpcError } from "../server/grpc-error.ts";
import { bodyBytes } from "./parsed-body.ts";
import { overwritingHeaders, type Verdict } from "./response.ts";

/** ext_authz alone: the whole decision of governance about one request, on its head and body. */
export async function governCheck(check: CheckRequest, governor: Pick<Governor, "check">): Promise<Verdict> {
  const exchange = exchangeFromCheckRequest(check, Date.now());
  const answer = await governor.check(
    exchange,
    checkBody(check.attributes?.request?.http ?? null, exchange.request.headers),
  );
  if (answer.kind === "answer") return { allowed: false, denied: renderOwnAnswer(answer.answer) };
  return passed(answer, exchange.id);
}

function passed({ permit, plan }: Extract<RequestAnswer, { kind: "pass" }>, decisionId: string): Verdict {
  if (plan.body !== undefined || plan.path !== undefined)
    throw new GrpcError(status.INTERNAL, "ext_authz cannot change a body or a path");
  const set = new Set(plan.headers.set.map(([name]) => name));
  return {
    allowed: permit.decision.allow,
    ok: {
      headers: overwritingHeaders(plan.headers.set),
      // Envoy removes last, so a header that is set must not be among those removed.
      headersToRemove: plan.headers.remove.filter((name) => !set.has(name)),
      responseHeadersToAdd: overwritingHeaders([[DECISION_ID_HEADER, decisionId]]),
    },
    metadata: { decision_id: decisionId, regent: plan.metadata },
  };
}

function renderOwnAnswer({ status: code, headers, body }: OwnAnswer): Init<DeniedHttpResponse> {
  // Envoy counts the body itself.
  const kept = headers.filter(([name]: HeaderField) => name !== "content-length");
  return { status: { code }, headers: overwritingHeaders(kept), body: body.toString("utf8") };
}

/**
 * The body as Envoy sends it. It says so itself when it cut it; one that is shorter than its content-length was cut too,
 * or never sent because ext_authz is configured without bodies. The headers are those of the exchange, because with
 * `encode_raw_headers` the map of the CheckRequest is empty.
 */
function checkBody(http: HttpRequest | null, headers: Headers): CheckBody {
  const bytes = http === null ? Buffer.alloc(0) : bodyBytes(http);
  const said = headerValues(headers, "x-envoy-auth-partial-body").includes("true");
  const lengths = headerValues(headers, "content-length").map(Number);
  const cut = lengths.some((length) => !(length <= bytes.length));
  return { bytes: bytes.length === 0 ? undefined : bytes, truncated: said || cut };
}
