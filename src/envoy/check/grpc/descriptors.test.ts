import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { descriptorSet, message } from "../../../../test/support/descriptors.ts";
import { DESCRIPTOR_BYTES_MAX, loadDescriptors, parseDescriptors } from "./descriptors.ts";

const ORDER = message({ name: "Order", fields: { 1: { name: "item_name", type: "string" } } });
const METHOD = { name: "Buy", inputType: ".shop.Order", outputType: ".shop.Order" };
const SERVICE = { name: "Shop", method: [METHOD, { ...METHOD, name: "BuyMany", clientStreaming: true }] };
const FILE = {
  name: "shop.proto",
  package: "shop",
  syntax: "proto3",
  messageType: [ORDER],
  service: [SERVICE],
};

test("knows what each method takes, unless it takes a stream", () => {
  const methods = parseDescriptors(descriptorSet([FILE]));
  assert.equal(methods.input("shop.Shop", "Buy")?.fullName, "shop.Order");
  assert.equal(methods.input("shop.Shop", "BuyMany"), undefined);
  assert.equal(methods.input("shop.Shop", "buy"), undefined);
  assert.equal(methods.input("shop.Order", "Buy"), undefined);
  assert.equal(methods.input("__proto__", "toString"), undefined);
});

test("takes messages that hold each other, and names of fields as protoc would write them", () => {
  const self = message({
    name: "Order",
    fields: {
      1: { name: "part_of", type: "message:.shop.Order" },
      2: { name: "_x__y_1z", type: "int32" },
      3: { name: "named", type: "int32", jsonName: "other-name" },
    },
  });
  const shape = parseDescriptors(descriptorSet([{ ...FILE, messageType: [self] }])).message("shop.Order");
  assert.deepEqual(
    [...(shape?.fields.values() ?? [])].map(({ jsonName }) => jsonName),
    ["partOf", "XY1z", "other-name"],
  );
  const [first] = shape?.fields.values() ?? [];
  assert.ok(first?.kind === "message" && first.message === shape);
});

test("refuses a descriptor file that cannot be relied on, and says why", () => {
  const withFields = (fields: Parameters<typeof message>[0]["fields"]) => [
    { ...FILE, messageType: [message({ name: "Order", fields })] },
  ];
  const bad: [RegExp, Buffer][] = [
    [/no FileDescriptorSet/, Buffer.from("syntax = 'proto3';")],
    [/describes no file/, Buffer.alloc(0)],
    [
      /shop\.proto imports a\.proto, which is not in it/,
      descriptorSet([{ ...FILE, dependency: ["a.proto"] }]),
    ],
    [/describes a file twice/, descriptorSet([FILE, FILE])],
    [/describes shop\.Order twice/, descriptorSet([FILE, { ...FILE, name: "b.proto" }])],
    [/shop\.Shop\/Buy needs the message \.shop\.Order/, descriptorSet([{ ...FILE, messageType: [] }])],
    [
      /shop\.Order\.a needs the message \.x\.Y/,
      descriptorSet(withFields({ 1: { name: "a", type: "message:.x.Y" } })),
    ],
    [
      /shop\.Order\.a needs the enumeration \.x\.E/,
      descriptorSet(withFields({ 1: { name: "a", type: "enum:.x.E" } })),
    ],
    [/shop\.Order\.a has an unknown type/, descriptorSet(withFields({ 1: { name: "a", type: "99" } }))],
    [/bytes, more than/, Buffer.alloc(DESCRIPTOR_BYTES_MAX + 1)],
  ];
  const twice = message({ name: "Order", fields: { 1: { name: "a", type: "int32" } } }) as {
    field: object[];
  };
  twice.field.push({ name: "b", number: 1, type: 5, label: 1 });
  bad.push([/two fields with the number 1/, descriptorSet([{ ...FILE, messageType: [twice] }])]);
  for (const [why, bytes] of bad) assert.throws(() => parseDescriptors(bytes), why);
  const good = descriptorSet([FILE]);
  for (let length = 0; length < good.length; length++) {
    // Some beginnings are descriptors of less; none may be taken for all of it.
    try {
      assert.equal(parseDescriptors(good.subarray(0, length)).input("shop.Shop", "BuyMany"), undefined);
    } catch (error) {
      assert.ok(error instanceof Error && !(error instanceof TypeError), String(error));
    }
  }
});

test("names the file that it cannot read or use, and says how to write a good one", (t) => {
  const dir = mkdtempSync(join(tmpdir(), "regent-descriptors-"));
  t.after(() => rmSync(dir, { recursive: true }));
  const file = join(dir, "shop.pb");
  assert.throws(() => loadDescriptors(file), new RegExp(`${file} cannot be read: ENOENT`));
  writeFileSync(file, "no descriptor");
  assert.throws(
    () => loadDescriptors(file),
    new RegExp(`${file} cannot be used: .*protoc --include_imports`),
  );
  writeFileSync(file, descriptorSet([FILE]));
  assert.ok(loadDescriptors(file).input("shop.Shop", "Buy"));
});
