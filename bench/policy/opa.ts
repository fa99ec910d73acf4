import { type ChildProcessWithoutNullStreams, spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { createInterface, type Interface } from "node:readline";
import { packageFile } from "../../src/document/package-root.ts";
import type { JsonValue } from "../../src/exchange/json.ts";

export type OpaCase = {
  readonly policy: string;
  readonly data: object;
  /** E.g. `data.bench.decision`. */
  readonly query: string;
  readonly input: string;
};

type Answer = { readonly result?: JsonValue; readonly nanos?: readonly number[]; readonly error?: string };

/** OPA's Go library in a process of its own: tools/policy-bench, built with the Go that made OPA. */
export class OpaLibrary {
  readonly #child: ChildProcessWithoutNullStreams;
  readonly #answers: AsyncIterator<string>;
  readonly #lines: Interface;

  private constructor(child: ChildProcessWithoutNullStreams) {
    this.#child = child;
    this.#lines = createInterface({ input: child.stdout });
    this.#answers = this.#lines[Symbol.asyncIterator]();
  }

  /** Builds the tool into a folder and starts it. @throws Error with what Go says. */
  static async start(folder: string): Promise<OpaLibrary> {
    const program = join(folder, "policy-bench");
    const build = spawn("go", ["build", "-o", program, "."], {
      cwd: packageFile("tools", "policy-bench"),
      stdio: ["ignore", "inherit", "inherit"],
      env: { ...process.env, CGO_ENABLED: "0", GOFLAGS: "-buildvcs=false" },
    });
    const [code] = await once(build, "exit");
    if (code !== 0) throw new Error(`tools/policy-bench cannot be built: go build ended with ${code}`);
    const child = spawn(program, [], { stdio: ["pipe", "pipe", "pipe"] });
    child.stderr.pipe(process.stderr);
    return new OpaLibrary(child);
  }

  /** Makes a case ready and evaluates it once. */
  async load(opaCase: OpaCase): Promise<JsonValue | undefined> {
    return (await this.#ask({ load: opaCase })).result;
  }

  /** Evaluates the case so often; microseconds of each evaluation. */
  async run(times: number): Promise<number[]> {
    const { nanos = [] } = await this.#ask({ run: times });
    return nanos.map((time) => time / 1_000);
  }

  async close(): Promise<void> {
    const exit = once(this.#child, "exit");
    this.#child.stdin.end();
    await exit;
    this.#lines.close();
  }

  async #ask(command: object): Promise<Answer> {
    this.#child.stdin.write(`${JSON.stringify(command)}\n`);
    const { value, done } = await this.#answers.next();
    if (done === true) throw new Error("tools/policy-bench ended before it answered");
    const answer = JSON.parse(value) as Answer;
    if (answer.error !== undefined) throw new Error(`tools/policy-bench: ${answer.error}`);
    return answer;
  }
}
