const LF = 0x0a;
const CR = 0x0d;
const SPACE = 0x20;

/**
 * A JSON text as a line. A body that a client wrote over several lines is in the input as it came; in JSON text, line
 * ends stand between values only, and a space means the same there.
 */
export function oneLine(json: Buffer): Buffer {
  const line = Buffer.allocUnsafe(json.length + 1);
  json.copy(line);
  for (const end of [LF, CR]) {
    for (let at = json.indexOf(end); at !== -1; at = json.indexOf(end, at + 1)) line[at] = SPACE;
  }
  line[json.length] = LF;
  return line;
}

/** OPA's console log: the event between the members of a line of its process log. */
export function consoleLine(event: Buffer, nowMs: number = Date.now()): string {
  const members = oneLine(event).toString("utf8").trimEnd().slice(1);
  const time = new Date(nowMs).toISOString();
  return `{"level":"info","msg":"Decision Log","time":"${time}","type":"openpolicyagent.org/decision_logs",${members}\n`;
}
