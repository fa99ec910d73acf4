import assert from "node:assert/strict";
import { globSync, readFileSync } from "node:fs";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { finish } from "./finish.ts";
import { INITIAL, type State } from "./state.ts";

const ROOM = fileURLToPath(new URL(".", import.meta.url));

function ended(state: Partial<State>, fault?: { code: number; details: string }): string {
  const said: string[] = [];
  const call = {
    end: () => said.push("clean"),
    emit: (_: "error", error: { code: number }) => said.push(`error ${error.code}`) > 0,
  };
  finish(call, { ...INITIAL, ...state }, fault);
  assert.equal(said.length, 1);
  return said[0] ?? "";
}

test("ends cleanly only when no governed phase is open", () => {
  assert.equal(ended({ end: "complete" }), "clean");
  assert.equal(ended({ end: "refused" }), "clean");
  assert.equal(ended({ end: "local_reply" }), "clean");
  assert.equal(ended({ end: "observed" }), "clean");
  assert.equal(ended({ request: "permitted", response: "unread" }), "clean");
});

test("ends with an error status whatever the caller thought, when a phase is open or something failed", () => {
  const open: Partial<State>[] = [
    {},
    { request: "held" },
    { request: "permitted" },
    { request: "permitted", response: "whole" },
    { request: "permitted", response: "streaming" },
    { end: "aborted" },
    { end: "failed" },
  ];
  for (const state of open) assert.equal(ended(state), "error 1", JSON.stringify(state));
  assert.equal(ended({ end: "complete" }, { code: 13, details: "x" }), "error 13");
});

test("no other file of this room ends or destroys a stream", () => {
  const files = globSync("**/*.ts", { cwd: ROOM }).filter((file) => !file.endsWith(".test.ts"));
  assert.ok(files.length > 1);
  const enders = files.filter((file) => ENDS_A_CALL.test(readFileSync(`${ROOM}/${file}`, "utf8")));
  assert.deepEqual(enders, ["finish.ts"]);
});

/** `call.end()`, `this.#call.destroy()` and the like, also spelt `call["end"]`, and an error emitted on a call. */
const ENDS_A_CALL = /call\??\.?(?:\s*\.\s*(?:end|destroy|emit|sendStatus)\b|\[)/i;
