import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { once } from "node:events";
import { createServer } from "node:http";
import { describe, test } from "node:test";
import { fileURLToPath } from "node:url";
import type { Command } from "commander";
import { probe } from "./healthcheck.ts";
import { regentVersion } from "./version.ts";

const MAIN = fileURLToPath(new URL("../main.ts", import.meta.url));

function regent(...args: string[]) {
  const { status, stdout, stderr } = spawnSync(process.execPath, [MAIN, ...args], { encoding: "utf8" });
  return { status, stdout, stderr };
}

function withSubcommands(command: Command): readonly Command[] {
  return [command, ...command.commands.flatMap(withSubcommands)];
}

function helpOf(command: Command): string {
  let help = "";
  command.configureOutput({ writeOut: (text) => (help += text) }).outputHelp();
  return help;
}

describe("the command line", () => {
  test("lists its commands on stdout when asked for help, and ends well", () => {
    const { status, stdout, stderr } = regent("--help");
    assert.equal(status, 0);
    assert.equal(stderr, "");
    for (const name of ["run", "demo", "validate", "policy", "audit", "envoy", "version", "healthcheck"]) {
      assert.match(stdout, new RegExp(`^  ${name}\\b`, "m"));
    }
  });

  test("shows the same help of a command in both ways of asking for it", () => {
    for (const command of [["run"], ["policy", "build"]]) {
      const [asked, ...rest] = command;
      const { stdout } = regent(...command, "--help");
      assert.match(stdout, /--(dir|ignore) </);
      assert.doesNotMatch(stdout, /default: (\[\]|false)/, "a default that says something");
      if (rest.length === 0) assert.equal(regent("help", asked ?? "").stdout, stdout);
    }
  });

  test("shows an example with every command", async () => {
    const names = [...regent("--help").stdout.matchAll(/^ {2}([a-z]+) {2,}\w/gm)].map(
      ([, name]) => name ?? "",
    );
    assert.ok(names.length > 10, names.join());
    for (const name of names) {
      const creators = (await import(`./${name}.ts`)) as { readonly [creator: string]: () => Command };
      for (const command of withSubcommands(creators[`${name}Command`]?.() ?? assert.fail(name)))
        assert.match(helpOf(command), /\nExamples?:\n {2}regent [a-z]/, `${name} ${command.name()}`);
    }
  });

  test("says what was meant by a command that is nearly one, on stderr, with status 1", () => {
    const { status, stdout, stderr } = regent("validat");
    assert.equal(status, 1);
    assert.equal(stdout, "");
    assert.match(stderr, /unknown command 'validat'\n\(Did you mean validate\?\)/);
  });

  test("refuses unknown options and values with status 1, also of subcommands", () => {
    for (const args of [
      ["version", "--frmat", "json"],
      ["version", "--format", "xml"],
      ["envoy", "generate", "--listen", "nowhere"],
      ["envoy", "generate", "--admin", "0.0.0.0:9901"],
      ["envoy", "generate", "--target", "regent=http://127.0.0.1:1"],
      ["envoy", "generate", "--ungoverned-target", "sim-us"],
      ["run", "--port", "70000"],
      ["run", "--models", "a"],
    ]) {
      const { status, stdout, stderr } = regent(...args);
      assert.equal(status, 1, args.join(" "));
      assert.equal(stdout, "");
      assert.match(stderr, /error: |regent: /);
      assert.doesNotMatch(stderr, /\n\s+at /, "a sentence, not a stack");
    }
  });

  test("prints its version for people and for programs", () => {
    assert.equal(regent("--version").stdout, `${regentVersion()}\n`);
    assert.match(
      regent("version").stdout,
      new RegExp(`^regent ${regentVersion()} \\(node ${process.versions.node}, `),
    );
    const { regent: version, node } = JSON.parse(regent("version", "--format", "json").stdout) as {
      [name: string]: string;
    };
    assert.deepEqual([version, node], [regentVersion(), process.versions.node]);
  });
});

describe("the health check", () => {
  test("passes on what a ready sidecar says, and fails with what an unready one says", async () => {
    let status = 200;
    const server = createServer((_, response) =>
      response.writeHead(status, { connection: "close" }).end("the words\n"),
    ).listen(0, "127.0.0.1");
    await once(server, "listening");
    const { port } = server.address() as { port: number };
    const url = `http://127.0.0.1:${port}/readyz`;
    assert.equal(await probe(url), "the words");
    status = 503;
    await assert.rejects(probe(url), { message: `${url} answered 503: the words`, status: 1 });
    server.close();
    server.closeAllConnections();
    await once(server, "close");
    await assert.rejects(probe(url), /ECONNREFUSED .*; is the sidecar running .*--url/);
  });
});
