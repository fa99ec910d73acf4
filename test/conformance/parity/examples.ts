/** Good operands for every builtin that takes JSON: OPA has a value for at least one of them. */
import {
  createHmac,
  createPrivateKey,
  generateKeyPairSync,
  type KeyObject,
  sign,
  X509Certificate,
} from "node:crypto";
import { createAuthority } from "../../support/certificates.ts";
import type { Call } from "./harness.ts";

/** JSON that JavaScript would write otherwise. */
class Raw {
  readonly text: string;
  constructor(text: string) {
    this.text = text;
  }
}
const raw = (text: string): Raw => new Raw(text);

type Operands = readonly unknown[];

function call(name: string, operands: Operands): Call {
  return {
    name,
    operands: operands.map((operand) => (operand instanceof Raw ? operand.text : JSON.stringify(operand))),
  };
}

export function examples(): readonly Call[] {
  const tables = [PLAIN, graphql(), certificates(), tokens(), templates(), schemas(), requests()];
  return tables.flatMap((table) =>
    Object.entries(table).flatMap(([name, list]) => list.map((operands) => call(name, operands))),
  );
}

type Examples = { readonly [name: string]: readonly Operands[] };

const NUMBERS: Operands = [
  0,
  1,
  -1,
  1.5,
  -2.5,
  0.1,
  1e21,
  raw("1.10"),
  raw("1e3"),
  raw("-0"),
  raw("9007199254740993"),
];
const PAIRS = NUMBERS.flatMap((a) => NUMBERS.map((b) => [a, b]));
const INTEGERS: Operands = [0, 1, -1, 2, 7, -8, 255, raw("4294967296")];
const INTEGER_PAIRS = INTEGERS.flatMap((a) => INTEGERS.map((b) => [a, b]));
const VALUES: Operands = [null, true, 1, "a", [1], { a: 1 }];
const each = (operands: Operands): readonly Operands[] => operands.map((operand) => [operand]);

const PLAIN: Examples = {
  abs: each(NUMBERS),
  ceil: each(NUMBERS),
  floor: each(NUMBERS),
  round: each([0, 1, -1, 1.5, -2.5, 0.1, 2.4999]),
  plus: PAIRS,
  minus: PAIRS,
  mul: PAIRS,
  div: PAIRS,
  rem: INTEGER_PAIRS,
  gt: PAIRS,
  gte: PAIRS,
  lt: PAIRS,
  lte: PAIRS,
  neq: PAIRS,
  equal: PAIRS,
  "bits.and": INTEGER_PAIRS.slice(0, 40),
  "bits.or": INTEGER_PAIRS.slice(0, 40),
  "bits.xor": INTEGER_PAIRS.slice(0, 40),
  "bits.negate": each([0, 1, 7, 255]),
  "bits.lsh": [
    [1, 4],
    [7, 0],
  ],
  "bits.rsh": [
    [255, 4],
    [1, 1],
  ],
  format_int: [
    [255, 16],
    [255, 2],
    [-255, 8],
    [10.9, 10],
  ],
  to_number: each(["1", "1.5", "-3", true, false, null, 5, "x", "1e3"]),
  "numbers.range": [
    [1, 3],
    [3, 1],
    [0, 0],
  ],
  "numbers.range_step": [
    [0, 10, 3],
    [10, 0, 4],
  ],
  "rand.intn": [
    ["x", 0],
    ["x", 1],
  ],
  all: each([[], [true], [true, false]]),
  any: each([[], [false], [false, true]]),
  count: each(["héllo", "", [1, 2], { a: 1 }]),
  sum: each([[1, 2.5], []]),
  product: each([[2, 2.5], []]),
  max: each([[1, 3, 2], ["a", 1], []]),
  min: each([[1, 3, 2], ["a", null], []]),
  sort: each([[3, "a", 1, null, [2], { b: 1 }, true]]),
  "array.concat": [[[1], [2]]],
  "array.flatten": each([[1, [2, [3]]]]),
  "array.reverse": each([[1, 2, 3]]),
  "array.slice": [
    [[1, 2, 3, 4], 1, 3],
    [[1, 2], 5, 9],
    [[1, 2, 3], 2, 1],
  ],
  "base64.encode": each(["a?>é", ""]),
  "base64.decode": each(["YT8+w6k=", "!"]),
  "base64.is_valid": each(["YQ==", "!", 1]),
  "base64url.encode": each(["a?>é"]),
  "base64url.decode": each(["YT8-w6k=", "YQ"]),
  concat: [
    [",", ["a", "b"]],
    ["", []],
  ],
  contains: [
    ["héllo", "é"],
    ["a", ""],
  ],
  endswith: [
    ["abc", "bc"],
    ["abc", "a"],
  ],
  startswith: [
    ["abc", "ab"],
    ["abc", "b"],
  ],
  indexof: [
    ["héllo", "l"],
    ["a", "b"],
  ],
  lower: each(["ÀBC", "İ"]),
  upper: each(["àbc", "ß"]),
  replace: [["banana", "an", "x"]],
  "strings.replace_n": [[{ a: "1", b: "2" }, "abc"]],
  "strings.reverse": each(["héllo😀"]),
  split: [
    ["a,b", ","],
    ["abc", ""],
  ],
  substring: [
    ["héllo", 1, 2],
    ["abc", 1, -1],
    ["abc", 9, 1],
    ["abc", -1, 1],
  ],
  trim: [["xxaxx", "x"]],
  trim_left: [["xxax", "x"]],
  trim_right: [["xaxx", "x"]],
  trim_prefix: [["abab", "ab"]],
  trim_suffix: [["abab", "ab"]],
  trim_space: each([" \t a \n"]),
  "glob.match": [
    ["*.example.com", [], "a.example.com"],
    ["a:*", [":"], "a:b:c"],
    ["{x,y}*", null, "ya"],
  ],
  "graph.reachable": [[{ a: ["b"], b: ["c"], c: [] }, ["a"]]],
  "json.filter": [[{ a: { b: 1, c: 2 } }, ["a/b"]]],
  "json.remove": [[{ a: { b: 1, c: 2 } }, ["a/b"]]],
  "json.is_valid": each(["{}", "{", 1]),
  "json.marshal": each([{ b: [1, "é<"], a: null }, raw("1.10")]),
  "json.unmarshal": each(['{"a": [1, 1.10]}', "[", '"x"']),
  "net.cidr_contains": [
    ["10.0.0.0/8", "10.1.0.1"],
    ["10.0.0.0/8", "11.0.0.0/8"],
  ],
  "net.cidr_intersects": [
    ["10.0.0.0/8", "10.1.0.0/16"],
    ["10.0.0.0/8", "11.0.0.0/8"],
  ],
  "net.cidr_overlap": [["10.0.0.0/8", "10.1.0.0/16"]],
  "object.filter": [[{ a: 1, b: 2 }, ["a"]]],
  "object.get": [
    [{ a: { b: 1 } }, ["a", "b"], 0],
    [{ a: 1 }, "z", "d"],
  ],
  "object.keys": each([{ a: 1, b: 2 }]),
  "object.remove": [[{ a: 1, b: 2 }, ["a"]]],
  "object.union": [[{ a: { x: 1 } }, { a: { y: 2 }, b: 3 }]],
  "object.union_n": each([[{ a: 1 }, { b: 2 }]]),
  re_match: [["^a+$", "aaa"]],
  "regex.match": [
    ["^a+$", "aaa"],
    ["(", "a"],
  ],
  "regex.is_valid": each(["a", "(", 1]),
  "regex.find_all_string_submatch_n": [
    ["a(b)?", "abaab", -1],
    ["x*", "axxb", 2],
  ],
  is_array: each(VALUES),
  is_boolean: each(VALUES),
  is_null: each(VALUES),
  is_number: each(VALUES),
  is_object: each(VALUES),
  is_set: each(VALUES),
  is_string: each(VALUES),
  type_name: each(VALUES),
  cast_array: each([[1]]),
  cast_boolean: each([true]),
  cast_null: each([null]),
  cast_object: each([{ a: 1 }]),
  cast_set: each([[1, 1]]),
  cast_string: each(["a"]),
  walk: each([{ a: [1, { b: 2 }] }]),
  "yaml.marshal": each([
    { b: [1, "yes", "a: b", "multi\nline\n", { c: [] }], a: null, "10": 1, "9": 2, t: true },
    "x",
    [],
  ]),
  "yaml.unmarshal": each([
    "a: &x [1, 0777, yes, 1.0]\nb: *x\n",
    "<<: {a: 1}\nb: 2",
    "a: 12345678901234567890",
    "\t",
  ]),
};

function graphql(): Examples {
  const schema = `"described" type Query { a(x: [Int!]! = [1]): Query # comment
    s: String @deprecated } input I { n: Int = 3 } enum E { A B } union U = Query extend type Query { e: E }`;
  const query =
    "# first\nquery Q($v: Int @d) { a(x: [1, $v]) { ...F ... on Query @include(if: true) { s } } } fragment F on Query { s }";
  const good = "{ a(x: [1]) { s } }";
  return {
    "graphql.parse_query": each([query, good, "{ a", ""]),
    "graphql.parse_schema": each([schema, "type A {", ""]),
    "graphql.parse": [
      [good, schema],
      ["{ s }", "type Query { s: String }"],
      ["{ b }", schema],
    ],
    "graphql.parse_and_verify": [
      [good, schema],
      ["{ b }", schema],
    ],
    "graphql.is_valid": [
      [good, schema],
      ["{ b }", schema],
      [query, schema],
    ],
    "graphql.schema_is_valid": each([schema, "type Query { a: B }"]),
  };
}

function certificates(): Examples {
  const authority = createAuthority("parity root");
  const { cert, key } = authority.issue({
    commonName: "leaf",
    dnsNames: ["a.example.com", "*.b.example.com"],
    uris: ["spiffe://example.com/ns/x"],
    ipAddresses: ["10.1.2.3"],
  });
  const chain = authority.cert + cert;
  const rsa = generateKeyPairSync("rsa", { modulusLength: 2048 }).privateKey;
  const pem = (type: "pkcs1" | "pkcs8") => rsa.export({ type, format: "pem" }).toString();
  const der = new X509Certificate(cert).raw.toString("base64");
  const other = createAuthority("other root").cert;
  const options = [
    {},
    { DNSName: "x.b.example.com" },
    { DNSName: "other.com" },
    { DNSName: "10.1.2.3" },
    { CurrentTime: 1 },
  ];
  return {
    "crypto.x509.parse_certificates": each([cert, chain, der, "x"]),
    "crypto.x509.parse_and_verify_certificates": each([chain, other + cert, cert]),
    "crypto.x509.parse_and_verify_certificates_with_options": options.map((option) => [chain, option]),
    "crypto.x509.parse_certificate_request": each([certificateRequest(rsa)]),
    "crypto.x509.parse_keypair": [
      [cert, key],
      [authority.cert, key],
    ],
    "crypto.x509.parse_rsa_private_key": each([pem("pkcs1"), pem("pkcs8"), key, "x"]),
    "crypto.parse_private_keys": each([pem("pkcs1") + key, "", "x"]),
  };
}

/** A request for `CN=request` (RFC 2986), in base64 of DER. */
function certificateRequest(key: KeyObject): string {
  const tlv = (tag: number, ...parts: readonly Buffer[]): Buffer => {
    const content = Buffer.concat(parts);
    const { length } = content;
    const size = length < 128 ? [length] : length < 256 ? [0x81, length] : [0x82, length >> 8, length & 255];
    return Buffer.concat([Buffer.from([tag, ...size]), content]);
  };
  const commonName = tlv(0x30, tlv(0x06, Buffer.from("550403", "hex")), tlv(0x0c, Buffer.from("request")));
  const publicKey = createPrivateKey(key.export({ type: "pkcs8", format: "pem" })).export({ format: "jwk" });
  const integer = (text = ""): Buffer =>
    tlv(0x02, Buffer.concat([Buffer.from([0]), Buffer.from(text, "base64url")]));
  const exponent = tlv(0x02, Buffer.from(publicKey.e ?? "", "base64url"));
  const rsaKey = tlv(0x30, integer(publicKey.n), exponent);
  const rsaAlgorithm = tlv(0x30, tlv(0x06, Buffer.from("2a864886f70d010101", "hex")), tlv(0x05));
  const bits = (content: Buffer): Buffer => tlv(0x03, Buffer.from([0]), content);
  const info = tlv(
    0x30,
    tlv(0x02, Buffer.from([0])),
    tlv(0x30, tlv(0x31, commonName)),
    tlv(0x30, rsaAlgorithm, bits(rsaKey)),
    tlv(0xa0),
  );
  const signatureAlgorithm = tlv(0x30, tlv(0x06, Buffer.from("2a864886f70d01010b", "hex")), tlv(0x05));
  return tlv(0x30, info, signatureAlgorithm, bits(sign("sha256", info, key))).toString("base64");
}

const encode = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString("base64url");

function tokens(): Examples {
  const rsa = generateKeyPairSync("rsa", { modulusLength: 2048 });
  const curves = { 256: "P-256", 384: "P-384", 512: "P-521" } as const;
  const ed = generateKeyPairSync("ed25519");
  const claims = { iss: "issuer", aud: ["a", "b"], sub: "é", exp: 4_102_444_800, nbf: 1 };
  const token = (alg: string, signer: (data: Buffer) => Buffer, header: object = {}): string => {
    const signed = `${encode({ alg, ...header })}.${encode(claims)}`;
    return `${signed}.${signer(Buffer.from(signed)).toString("base64url")}`;
  };
  const pem = (key: KeyObject): string => key.export({ type: "spki", format: "pem" }).toString();
  const table: Record<string, Operands[]> = {};
  const verify: Operands[] = [];
  for (const bits of [256, 384, 512] as const) {
    const ec = generateKeyPairSync("ec", { namedCurve: curves[bits] });
    const hash = `sha${bits}`;
    const signers: readonly (readonly [string, string, (data: Buffer) => Buffer])[] = [
      [`HS${bits}`, "secret", (data) => createHmac(hash, "secret").update(data).digest()],
      [`RS${bits}`, pem(rsa.publicKey), (data) => sign(hash, data, rsa.privateKey)],
      [
        `PS${bits}`,
        pem(rsa.publicKey),
        (data) => sign(hash, data, { key: rsa.privateKey, padding: 6, saltLength: bits / 8 }),
      ],
      [
        `ES${bits}`,
        pem(ec.publicKey),
        (data) => sign(hash, data, { key: ec.privateKey, dsaEncoding: "ieee-p1363" }),
      ],
    ];
    for (const [alg, key, signer] of signers) {
      const good = token(alg, signer);
      table[`io.jwt.verify_${alg.toLowerCase()}`] = [
        [good, key],
        [good.slice(0, -8), key],
        [good, "x"],
        ["a.b", key],
      ];
      const by = alg.startsWith("HS") ? { secret: key } : { cert: key };
      verify.push(
        [good, { ...by, aud: "a" }],
        [good, { ...by, aud: "a", alg }],
        [good, { ...by, aud: "a", alg: "HS1" }],
      );
    }
  }
  const signEd = (data: Buffer): Buffer => sign(null, data, ed.privateKey);
  const eddsa = token("EdDSA", signEd, { kid: "k" });
  const jwks = JSON.stringify({
    keys: [{ ...ed.publicKey.export({ format: "jwk" }), kid: "k", alg: "EdDSA" }],
  });
  const hmac = (data: Buffer): Buffer => createHmac("sha256", "secret").update(data).digest();
  const constrained = [
    { aud: "a", iss: "issuer" },
    { aud: "a", iss: "other" },
    { aud: "z" },
    {},
    { aud: "a", time: 0 },
    { aud: "a", time: raw("4102444800000000000") },
    { aud: "a", time: -1 },
    { aud: "a", other: 1 },
  ].map((constraint) => [token("HS256", hmac), withRaw({ secret: "secret", ...constraint })]);
  const octets = { kty: "oct", k: Buffer.from("secret").toString("base64url") };
  const jwk = rsa.privateKey.export({ format: "jwk" });
  return {
    ...table,
    "io.jwt.verify_eddsa": [
      [eddsa, pem(ed.publicKey)],
      [eddsa, jwks],
      [eddsa, pem(rsa.publicKey)],
    ],
    "io.jwt.decode": each([eddsa, "a.b.c", token("none", () => Buffer.alloc(0))]),
    "io.jwt.decode_verify": [...verify, ...constrained, [eddsa, { cert: jwks, aud: "b" }]],
    "io.jwt.encode_sign": [
      [{ alg: "HS256", typ: "JWT" }, claims, octets],
      [{ alg: "RS256" }, claims, jwk],
      [{ alg: "HS256" }, claims, jwk],
      [{ alg: "none" }, claims, octets],
      [{}, claims, octets],
    ],
    "io.jwt.encode_sign_raw": [
      ['{"alg":"HS256"}', '{"a": 1 }', JSON.stringify(octets)],
      ['{"alg":"HS256","typ":"JWT"}', "no json", JSON.stringify(octets)],
    ],
  };
}

/** An object in which some members are {@link Raw}. */
function withRaw(object: { readonly [name: string]: unknown }): Raw {
  const members = Object.entries(object).map(
    ([name, value]) => `${JSON.stringify(name)}:${value instanceof Raw ? value.text : JSON.stringify(value)}`,
  );
  return raw(`{${members.join(",")}}`);
}

function templates(): Examples {
  const variables = { list: ["a", 1, null], map: { b: 2, a: 1.5 }, text: "<x>", zero: 0 };
  const texts = [
    "{{range $i, $e := .list}}{{if $i}}, {{end}}{{$i}}={{$e}}{{else}}none{{end}}",
    "{{- with .map -}} {{.a}} {{.b}} {{- end}}{{.missing}}",
    '{{printf "%05d %q %v" (len .list) .text .map | html}}',
    '{{define "t"}}[{{.}}]{{end}}{{template "t" .text}}{{if and .zero (eq .text "<x>")}}yes{{end}}',
    "{{.text.x}}",
    "{{if}}",
  ];
  return { "strings.render_template": texts.map((text) => [text, variables]) };
}

function schemas(): Examples {
  const schema = {
    definitions: { id: { type: "string", pattern: "^[a-z]+$", maxLength: 5 } },
    required: ["id"],
    properties: { id: { $ref: "#/definitions/id" }, n: { minimum: 1000000, multipleOf: 0.5 } },
  };
  const documents = [{ id: "abc", n: 2e6 }, { id: "ABCDEF" }, { id: "abc", n: 7.3 }, [], '{"id": "x"}'];
  return {
    "json.match_schema": [
      ...documents.map((document) => [document, schema]),
      [{}, { type: "nothing" }],
      [{}, "x"],
    ],
    "json.verify_schema": each([schema, { type: "nothing" }, "{}", "x", { pattern: "(" }]),
  };
}

function requests(): Examples {
  const config = {
    aws_access_key: "AK",
    aws_secret_access_key: "SK",
    aws_service: "s3",
    aws_region: "eu-central-1",
  };
  const request = {
    method: "put",
    url: "https://h.example:8443/a b?x=1",
    headers: { A: "b" },
    body: { n: [1, "é"] },
  };
  return {
    "providers.aws.sign_req": [
      [request, config, raw("1451311705000000000")],
      [{ ...request, raw_body: "x" }, { ...config, aws_session_token: "T", aws_service: "ec2" }, 1],
      [request, {}, 1],
      [{ method: "get" }, config, 1],
    ],
  };
}
