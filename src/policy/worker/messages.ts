import type { JsonObject } from "../../exchange/json.ts";
import type { DataImage } from "../wasm/instance.ts";
import type { PolicyModule } from "../wasm/module.ts";

/** A policy with its data, as it is sent to a thread: once, before the first evaluation of it there. */
export type RemotePolicy = {
  readonly policy: PolicyModule;
  readonly data: DataImage;
  readonly memoryMaxBytes: number;
};

/** What the thread is told. */
export type ToWorker =
  | { readonly kind: "load"; readonly key: number; readonly remote: RemotePolicy }
  | {
      readonly kind: "evaluate";
      readonly key: number;
      readonly entrypoint: number;
      readonly input: string | Uint8Array | undefined;
      readonly replay: JsonObject | undefined;
      readonly nowNs: bigint;
      /** CPU time, milliseconds. */
      readonly timeLimitMs: number;
    };

/** What it says. */
export type FromWorker =
  | { readonly kind: "ready" }
  | { readonly kind: "printed"; readonly line: string }
  | {
      readonly kind: "evaluated";
      readonly resultSet: string;
      readonly nondeterministic: JsonObject | undefined;
    }
  | { readonly kind: "failed"; readonly code: string; readonly reason: string };
