import { fileURLToPath } from "node:url";
import protobuf from "protobufjs";

/** The service that the format speaks, for clients and servers of tests. */
export const INFER_PROTO = fileURLToPath(
  new URL("../../src/formats/kserve-v2-grpc/inference.proto", import.meta.url),
);

const root = protobuf.loadSync(INFER_PROTO);
const codecs = {
  request: root.lookupType("inference.ModelInferRequest"),
  response: root.lookupType("inference.ModelInferResponse"),
  streamed: root.lookupType("inference.ModelStreamInferResponse"),
} as const;

/** A message from its JSON form (names in camel case, bytes in base64), without a frame. By protobufjs, not by what is tested. */
export function encodeMessage(kind: keyof typeof codecs, message: object): Buffer {
  const codec = codecs[kind];
  return Buffer.from(codec.encode(codec.fromObject(message)).finish());
}

/** What protobufjs reads in a message. */
export function decodeMessage(
  kind: keyof typeof codecs,
  bytes: Buffer,
): { readonly [member: string]: unknown } {
  return codecs[kind].toObject(codecs[kind].decode(bytes), { longs: String, bytes: String });
}

/** Messages in gRPC's frames, one behind the other. */
export function framed(...messages: readonly Buffer[]): Buffer {
  return Buffer.concat(
    messages.flatMap((message) => {
      const head = Buffer.alloc(5);
      head.writeUInt32BE(message.length, 1);
      return [head, message];
    }),
  );
}

/** The messages in frames that are not compressed. */
export function unframed(body: Buffer): Buffer[] {
  const messages: Buffer[] = [];
  for (let at = 0; at < body.length; ) {
    const end = at + 5 + body.readUInt32BE(at + 1);
    messages.push(body.subarray(at + 5, end));
    at = end;
  }
  return messages;
}

/** Text as the JSON form has bytes. */
export function base64(text: string): string {
  return Buffer.from(text).toString("base64");
}
