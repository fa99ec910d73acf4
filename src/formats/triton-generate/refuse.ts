/** An error is an object with a member `error`, also as an event of a stream whose status was sent already. */
export { refusePlainly as refuse, refusePlainlyInStream as refuseInStream } from "../plain-error.ts";
