import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { runCommand } from "../../test/support/run-command.ts";
import { envoyCommand } from "./envoy.ts";

const generate = (...all: readonly string[]) => runCommand(envoyCommand(), ["generate", ...all]);
const A = ["--target", "a=http://127.0.0.1:1"];

describe("regent envoy generate", () => {
  test("prints the targets that it is given", async () => {
    const { status, stdout } = await generate(...A, "--target", "b=http://127.0.0.1:2");
    assert.equal(status, 0);
    for (const name of ["a", "b"]) assert.match(stdout, new RegExp(`^ {4}- name: ${name}$`, "m"));
  });

  test("refuses two targets of one name, and targets of --fallback that --target does not give", async () => {
    for (const [all, said] of [
      [["--target", "a=http://127.0.0.1:2"], /two targets a/],
      [["--fallback", "b=a"], /no target b: give it with --target/],
      [["--fallback", "a=b"], /no target b: give it with --target/],
      [["--fallback", "a=a"], /to each target once/],
    ] as const) {
      const { status, stdout, failure } = await generate(...A, ...all);
      assert.notEqual(status, 0, String(all));
      assert.equal(stdout, "");
      assert.match(failure ?? "", said);
    }
  });

  test("refuses a second list of fallbacks for one target, of which one would be lost", async () => {
    const targets = ["b", "c"].flatMap((name, at) => ["--target", `${name}=http://127.0.0.1:${at + 2}`]);
    const all = [...A, ...targets, "--fallback", "a=b", "--fallback", "a=c"];
    await assert.rejects(generate(...all), /a is given twice; write a=NAME,NAME/);
  });

  test("takes no larger bodies than a route of Regent may have", async () => {
    assert.equal((await generate(...A, "--max-body", "50Mi")).status, 0);
    await assert.rejects(generate(...A, "--max-body", "51Mi"), /at most 50Mi/);
  });

  test("says how a target is written", async () => {
    for (const [given, said] of [
      ["my model=http://127.0.0.1:1", /NAME=URL.*letters, digits/],
      ["a", /NAME=URL/],
      ["a=127.0.0.1:1", /not a URL/],
      ["regent=http://127.0.0.1:1", /Regent itself/],
    ] as const)
      await assert.rejects(generate("--target", given), said);
  });
});
