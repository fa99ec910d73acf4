import { RegentError } from "../../exchange/errors.ts";
import type { Headers } from "../../exchange/headers.ts";
import type { OwnAnswer, Plan } from "../../exchange/plan.ts";
import type { Effect, Fault, MessageEvent, Step } from "./events.ts";
import { ownAnswerFault, planFault } from "./header-rules.ts";
import type { Reply } from "./reply.ts";
import { STATUS, type State, type Transition } from "./state.ts";

export function refused(state: State, answer: OwnAnswer): Transition {
  const fault = ownAnswerFault(answer);
  if (fault !== undefined) return broken(state, internal(fault));
  return to(state, { end: "refused" }, send({ reply: "own", answer }), { effect: "end", how: "refused" });
}

export function ownAnswer(state: State, answer: OwnAnswer): Transition {
  const fault = ownAnswerFault(answer);
  return fault === undefined
    ? refused(state, answer)
    : refuse(state, new RegentError("policy_output_invalid", fault));
}

export function refuse(state: State, error: RegentError): Transition {
  return step(state, { step: "refuse", error });
}

export function complete(state: State, ...effects: Effect[]): Transition {
  return to(state, { response: "answered", end: "complete" }, ...effects, { effect: "end", how: "complete" });
}

export function unexpected(state: State, message: MessageEvent, because?: string): Transition {
  const phase = `request ${state.request}, response ${state.response}`;
  const details = `unexpected ${message.event} at ${because ?? phase}`;
  return broken(state, { code: STATUS.FAILED_PRECONDITION, details });
}

export function broken(state: State, fault: Fault): Transition {
  const ending = state.begun && state.end === undefined;
  const effects: Effect[] = ending ? [{ effect: "end", how: "failed" }] : [];
  const end = ending ? "failed" : state.end;
  return to(state, { end, finished: true }, finish(fault), ...effects);
}

export function internal(details: string): Fault {
  return { code: STATUS.INTERNAL, details };
}

/** The body is not there yet when a head is answered, so a plan for it cannot change it. */
export function headPlanFault(plan: Plan, present: Headers): string | undefined {
  return plan.body === undefined
    ? planFault(plan, present)
    : "A body cannot be changed where only the head is seen.";
}

export function to(state: State, patch: Partial<State>, ...effects: Effect[]): Transition {
  return { state: { ...state, ...patch }, effects };
}

export function step(state: State, next: Step): Transition {
  return { state, effects: [{ effect: "step", step: next }] };
}

export function send(reply: Reply): Effect {
  return { effect: "send", reply };
}

export function finish(fault: Fault | undefined): Effect {
  return { effect: "finish", fault };
}
