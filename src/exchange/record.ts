import type { AuditLevel, Reason } from "./decision.ts";
import type { ExchangeEnd } from "./exchange.ts";
import type { Identity } from "./identity.ts";
import type { Usage } from "./inference.ts";

/**
 * The one account of an exchange, written when it ends. Audit, metering totals and telemetry read it.
 * It holds no prompt text, key or token; `content` is there only when policy's audit level is `full`.
 */
export type Record = {
  /** Decision id. */
  readonly id: string;
  /** RFC 3339, UTC, of the first message. */
  readonly time: string;
  readonly protocol: "ext_authz" | "ext_proc";
  readonly end: ExchangeEnd;
  /** `none`: Regent never came to a decision, so nothing passed (or Envoy answered by itself). */
  readonly verdict: "allow" | "deny" | "none";
  /** What the policy of ext_authz said in a dry run, which was not carried out. */
  readonly dryRun?: "allow" | "deny";
  /** HTTP status that the client saw; undefined when unknown. */
  readonly status?: number;
  readonly request: {
    readonly method: string;
    readonly host: string;
    /** Without the query: queries carry secrets. */
    readonly path: string;
    readonly clientRequestId?: string;
    /** The W3C trace context of the request, as sent: the parent of its span. */
    readonly traceparent?: string;
    readonly bodyBytes?: number;
    /** SHA-256 of the body as the client sent it, hex. */
    readonly bodySha256?: string;
    /** SHA-256 of the body as it went upstream, hex; absent when it was not changed. */
    readonly upstreamBodySha256?: string;
  };
  readonly identity: Omit<Identity, "claims">;
  readonly inference?: {
    readonly format: string;
    readonly operation: string;
    readonly model: string;
    readonly stream: boolean;
  };
  readonly route?: {
    readonly model: string;
    readonly version: string;
    readonly target: string;
    readonly region: string;
    readonly provider?: string;
  };
  /** Where it was sent, one after the other: more than one where Envoy tried again. */
  readonly attempts?: readonly {
    readonly target: string;
    /** What the target answered; absent: nothing. */
    readonly status?: number;
    /** The dialect that the request was translated to; absent: it went as it came. */
    readonly translatedTo?: string;
    /** Milliseconds to the head of the answer, or to the end of an attempt without one. */
    readonly ms: number;
  }[];
  /** How the last attempt was translated, and what was lost: `code:pointer`, at most 100 and the word `more`. */
  readonly translation?: { readonly from: string; readonly to: string; readonly warnings: readonly string[] };
  readonly reasons: readonly Reason[];
  readonly redactions: readonly { readonly type: string; readonly count: number }[];
  readonly findings: readonly { readonly type: string; readonly count: number }[];
  /** In the text of the answer; absent where nobody looked. */
  readonly answerFindings?: readonly { readonly type: string; readonly count: number }[];
  readonly estimate?: { readonly inputTokens: number; readonly outputTokensMax: number };
  readonly usage?: Usage;
  /** How the charge came about; absent when nothing was charged. */
  readonly charge?: {
    readonly tokens: number;
    readonly source: "reported" | "estimated" | "reserved";
    readonly costUsd?: number;
    /** The upstream's count was none, and what was reserved is charged. */
    readonly clamped?: true;
  };
  readonly finishReasons?: readonly (string | null)[];
  readonly upstreamError?: string;
  readonly audit: { readonly level: AuditLevel; readonly labels: { readonly [label: string]: string } };
  readonly revision?: string;
  /** Milliseconds: whole exchange, to the first answer byte, and in each room. */
  readonly timing: {
    readonly totalMs: number;
    readonly firstByteMs?: number;
    readonly roomsMs: { readonly [room: string]: number };
  };
  readonly content?: { readonly request?: string; readonly response?: string };
};
