/**
 * Thinking that only its provider can read. Bedrock has it as bytes, so what Anthropic has as a text is in base64 once
 * more.
 */
export function sealed(text: string): string {
  return Buffer.from(text, "utf8").toString("base64");
}

/** The text in the bytes; what is no text in base64 stays as it is. */
export function openSealed(data: string): string {
  const bytes = Buffer.from(data, "base64");
  const text = bytes.toString("utf8");
  return bytes.toString("base64") === data && Buffer.from(text, "utf8").equals(bytes) ? text : data;
}
