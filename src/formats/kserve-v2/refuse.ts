/** The protocol's error object, of which clients show `error` and go by the status; also where a stream was begun. */
export { refusePlainly as refuse, refusePlainlyInStream as refuseInStream } from "../plain-error.ts";
