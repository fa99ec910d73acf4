// A process that appends records to an audit log as fast as told, for tests that kill it or take its disk away.
// Arguments: folder, flush in milliseconds, records per millisecond.
// Writes one line a step to stdout: `appended COUNT AT_MS`, `durable COUNT`, `fault REASON`, `healthy`.
import { writeSync } from "node:fs";
import { openAuditLog } from "../../src/audit/log.ts";
import { testRecord } from "./record.ts";

const [dir = "", flushMs = "100", perTick = "1"] = process.argv.slice(2);
const say = (line: string) => writeSync(1, `${line}\n`);
const log = await openAuditLog({
  dir,
  flushMs: Number(flushMs),
  segmentBytesMax: 256 * 1024,
  onTrouble: (facts, message) => writeSync(2, `${message} ${JSON.stringify(facts)}\n`),
  retryMs: 20,
});

let appended = 0;
let durable = 0;
let fault: string | undefined;
setInterval(() => {
  const now = log.fault();
  if (now !== fault) say(now === undefined ? "healthy" : `fault ${now}`);
  fault = now;
  const { queuedRecords } = log.stats();
  if (appended - queuedRecords > durable) say(`durable ${appended - queuedRecords}`);
  durable = appended - queuedRecords;
  if (fault !== undefined) return;
  for (let n = 0; n < Number(perTick); n++) {
    appended++;
    log.append(testRecord({ id: String(appended) }));
  }
  say(`appended ${appended} ${performance.now()}`);
}, 1);
