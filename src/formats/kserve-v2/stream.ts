export { noStream as stream } from "../no-stream.ts";
