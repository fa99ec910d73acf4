import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { compileBundle } from "../../../test/support/rego.ts";
import { parseBundle } from "../bundle/bundle.ts";
import { readDataEnd, readImports, readSections, WasmFormatError } from "./binary.ts";
import { PolicyInstance } from "./instance.ts";
import { compilePolicyModule, MODULE_BYTES_MAX, PolicyModuleError } from "./module.ts";

const HEADER = [0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00];
const text = (value: string): number[] => [value.length, ...Buffer.from(value)];

/** A module of these sections: each an id and its content. */
function moduleOf(...sections: readonly (readonly [number, readonly number[]])[]): Buffer {
  return Buffer.from([...HEADER, ...sections.flatMap(([id, content]) => [id, content.length, ...content])]);
}

const VOID_TYPE: [number, number[]] = [1, [1, 0x60, 0, 0]];

async function policyWasm(): Promise<Buffer> {
  return (await parseBundle(await compileBundle({ "p.rego": "package p\n\nr := input.a\n" }, ["p/r"]))).wasm;
}

/** A policy whose ABI version was changed: the version is the constant that the last two globals begin with. */
function withAbi(wasm: Buffer, major: number, minor: number): Buffer {
  const at = wasm.indexOf(Buffer.from([0x7f, 0x00, 0x41, 0x01, 0x0b, 0x7f, 0x00, 0x41]));
  assert.notEqual(at, -1);
  const changed = Buffer.from(wasm);
  changed[at + 3] = major;
  changed[at + 8] = minor;
  return changed;
}

describe("compilePolicyModule", () => {
  test("takes what OPA builds and reads how much memory it needs", async () => {
    const policy = await compilePolicyModule(await policyWasm());
    assert.ok(policy.memoryMinPages >= 2);
  });

  test("refuses what is no module, with a reason", async () => {
    for (const bytes of [
      Buffer.alloc(0),
      Buffer.from("<html>200 OK</html>"),
      Buffer.from(HEADER.slice(0, 6)),
    ])
      await assert.rejects(compilePolicyModule(bytes), PolicyModuleError);
    const wasm = await policyWasm();
    await assert.rejects(compilePolicyModule(wasm.subarray(0, wasm.length - 1000)), /cannot be compiled/);
  });

  test("refuses imports that are not OPA's, by name", async () => {
    const wasi = [2, [1, ...text("wasi_snapshot_preview1"), ...text("fd_write"), 0, 0]] as const;
    await assert.rejects(
      compilePolicyModule(moduleOf(VOID_TYPE, wasi)),
      /imports wasi_snapshot_preview1\.fd_write \(function\)/,
    );
    const env = [2, [1, ...text("env"), ...text("opa_builtin9"), 0, 0]] as const;
    await assert.rejects(compilePolicyModule(moduleOf(VOID_TYPE, env)), /imports env\.opa_builtin9/);
    const memoryAsFunction = [2, [1, ...text("env"), ...text("memory"), 0, 0]] as const;
    await assert.rejects(
      compilePolicyModule(moduleOf(VOID_TYPE, memoryAsFunction)),
      /imports env\.memory \(function\)/,
    );
  });

  test("refuses a module that is no policy", async () => {
    await assert.rejects(compilePolicyModule(moduleOf()), /states no ABI version/);
  });

  test("refuses a module that is larger than the limit without compiling it", async () => {
    await assert.rejects(compilePolicyModule(Buffer.alloc(MODULE_BYTES_MAX + 1)), /larger than/);
  });
});

describe("PolicyInstance", () => {
  test("refuses an ABI that Regent does not speak", async () => {
    const wasm = await policyWasm();
    const create = async (major: number, minor: number) => {
      const policy = await compilePolicyModule(withAbi(wasm, major, minor));
      return new PolicyInstance({ policy, memoryMaxBytes: 1 << 24, builtins: new Map() });
    };
    await assert.rejects(create(2, 0), /speaks ABI 2\.0; Regent speaks 1\.2/);
    await assert.rejects(create(1, 1), /speaks ABI 1\.1/);
    assert.deepEqual([...(await create(1, 2)).entrypoints.keys()], ["p/r"]);
    assert.deepEqual([...(await create(1, 9)).entrypoints.keys()], ["p/r"]);
  });

  test("refuses a data image of another module", async () => {
    const policy = await compilePolicyModule(await policyWasm());
    const instance = new PolicyInstance({ policy, memoryMaxBytes: 1 << 24, builtins: new Map() });
    assert.throws(
      () => instance.adoptData({ heap: 8, start: 16, bytes: new Uint8Array(8), value: 16 }),
      /another module/,
    );
  });
});

describe("the reader of Wasm binaries", () => {
  test("reads imports and where the data ends", async () => {
    const sections = readSections(await policyWasm());
    const memory = readImports(sections).find(({ name }) => name === "memory");
    assert.equal(memory?.module, "env");
    const data = [11, [1, 0, 0x41, 0x80, 0x01, 0x0b, 2, 7, 7]] as const;
    assert.equal(readDataEnd(readSections(moduleOf(data))), 130);
    assert.equal(readDataEnd(readSections(moduleOf())), 0);
  });

  test("refuses a binary that ends or overflows anywhere", async () => {
    const cut = moduleOf([2, [1, ...text("env"), ...text("memory"), 2, 1, 1]]);
    assert.throws(() => readImports(readSections(cut)), WasmFormatError);
    assert.throws(
      () => readSections(Buffer.from([...HEADER, 1, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01])),
      /longer than 32 bits/,
    );
    assert.throws(() => readSections(Buffer.from([...HEADER, 1, 200])), WasmFormatError);
    assert.throws(
      () => readDataEnd(readSections(moduleOf([11, [1, 0, 0x23, 0, 0x0b, 0]]))),
      /no constant offset/,
    );
    assert.throws(() => readImports(readSections(moduleOf([2, [1, 1, 97, 1, 98, 9]]))), /unknown kind/);
  });
});
