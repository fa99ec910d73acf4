import { join } from "node:path";
import { isJsonObject, type JsonObject } from "../exchange/json.ts";
import { readLine } from "./chain.ts";
import { readSegment } from "./recover.ts";
import { eachLine, listSegments } from "./segment.ts";

/** A line of the log as it was found. */
export type AuditLine = {
  /** Name of the segment. */
  readonly file: string;
  /** From 1. */
  readonly line: number;
  readonly seq: number;
  /** Whether the line's own hash is that of its bytes. The chain before it is not looked at. */
  readonly intact: boolean;
  readonly record?: JsonObject;
  readonly event?: JsonObject;
};

/** The records of a decision, oldest first: ext_authz and ext_proc may both have written one. Empty when there is none. */
export async function queryAudit(dir: string, id: string): Promise<AuditLine[]> {
  // A cheap look before a line is parsed: ids are UUIDs, so there is nothing to escape in those that are found.
  const written = Buffer.from(JSON.stringify(id));
  const found: AuditLine[] = [];
  for (const file of await listSegments(dir)) {
    eachLine(await readSegment(join(dir, file)), (bytes, index) => {
      if (!bytes.includes(written)) return;
      const line = parseLine(file, index, bytes);
      if (line?.record?.id === id) found.push(line);
    });
  }
  return found;
}

/** The last `count` lines of the log, oldest first. */
export async function tailAudit(dir: string, count: number): Promise<AuditLine[]> {
  let tail: AuditLine[] = [];
  for (const file of (await listSegments(dir)).reverse()) {
    const lines: { index: number; bytes: Buffer }[] = [];
    eachLine(await readSegment(join(dir, file)), (bytes, index) => lines.push({ index, bytes }));
    const wanted = lines.slice(-(count - tail.length));
    tail = [...wanted.flatMap(({ index, bytes }) => parseLine(file, index, bytes) ?? []), ...tail];
    if (tail.length >= count) break;
  }
  return tail;
}

/** Undefined for what is not a line of this log; `verifyAudit` names those. */
function parseLine(file: string, index: number, bytes: Buffer): AuditLine | undefined {
  let value: unknown;
  try {
    value = JSON.parse(bytes.toString("utf8"));
  } catch {
    return undefined;
  }
  if (!isJsonObject(value) || typeof value.seq !== "number") return undefined;
  const intact = readLine(bytes).ok;
  const place = { file, line: index + 1, seq: value.seq, intact };
  if (isJsonObject(value.record)) return { ...place, record: value.record };
  return isJsonObject(value.event) ? { ...place, event: value.event } : undefined;
}
