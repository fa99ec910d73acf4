export { refusePlainly as refuse, refusePlainlyInStream as refuseInStream } from "../plain-error.ts";
