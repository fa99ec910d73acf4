import type { Fault } from "./events.ts";
import { openPhase, STATUS, type State } from "./state.ts";

/** The part of a grpc-js call that ends it. */
export type EndableCall = {
  end(): unknown;
  emit(event: "error", error: Fault): boolean;
};

/**
 * Ends a stream; the only function that does. To Envoy a clean end means "all the rest may pass" whatever
 * `failure_mode_allow` says, so it is given only when no governed phase is left open, and this function looks for itself.
 * Everything else ends with an error status, said by emitting `error`: `destroy()` would say nothing, and Envoy would
 * wait for its `message_timeout`.
 */
export function finish(call: EndableCall, state: State, fault: Fault | undefined): void {
  const open = openPhase(state);
  if (fault === undefined && open === undefined) {
    call.end();
    return;
  }
  call.emit("error", fault ?? { code: STATUS.CANCELLED, details: `left open: ${open}` });
}
