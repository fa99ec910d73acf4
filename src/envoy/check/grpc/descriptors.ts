import { readFileSync } from "node:fs";
import descriptor from "protobufjs/ext/descriptor.js";

/** Bytes of a descriptor file. Envoy's own API, with everything it imports, has some 3 MB. */
export const DESCRIPTOR_BYTES_MAX = 32 * 1024 * 1024;

/** Scalar types, by the number that descriptor.proto gives them (`FieldDescriptorProto.Type`). */
export const SCALARS = {
  1: "double",
  2: "float",
  3: "int64",
  4: "uint64",
  5: "int32",
  6: "fixed64",
  7: "fixed32",
  8: "bool",
  9: "string",
  12: "bytes",
  13: "uint32",
  14: "enum",
  15: "sfixed32",
  16: "sfixed64",
  17: "sint32",
  18: "sint64",
} as const;
export type Scalar = (typeof SCALARS)[keyof typeof SCALARS];

/** What a field holds: a scalar, an enumeration, or a message (with the wire form of a group where `group` is set). */
export type FieldKind =
  | { readonly kind: Exclude<Scalar, "enum"> }
  | { readonly kind: "enum"; readonly enum: EnumShape }
  | { readonly kind: "message"; readonly message: MessageShape; readonly group: boolean };

export type FieldShape = FieldKind & {
  /** With the message in front, for errors: `shop.Order.title`. */
  readonly fullName: string;
  readonly jsonName: string;
  readonly repeated: boolean;
  readonly required: boolean;
  /** A value that is zero was sent all the same: it is shown. */
  readonly presence: boolean;
  /** Name of the oneof it is a member of, of which the last one on the wire counts. */
  readonly oneof: string | undefined;
};

export type EnumShape = { readonly fullName: string; readonly names: ReadonlyMap<number, string> };

export type MessageShape = {
  readonly fullName: string;
  readonly fields: ReadonlyMap<number, FieldShape>;
  readonly isMapEntry: boolean;
};

/** The methods of a descriptor file. */
export type GrpcMethods = {
  /** The message that a method takes; undefined when it is not known or takes a stream of them. */
  input(service: string, method: string): MessageShape | undefined;
  /** A message by its full name, for `google.protobuf.Any`. */
  message(fullName: string): MessageShape | undefined;
};

/**
 * Reads a FileDescriptorSet, as `protoc --include_imports --descriptor_set_out=FILE` writes it.
 * @throws Error that names the file and says what is wrong with it
 */
export function loadDescriptors(file: string): GrpcMethods {
  let bytes: Buffer;
  try {
    bytes = readFileSync(file);
  } catch (error) {
    throw new Error(`the proto descriptor ${file} cannot be read: ${(error as Error).message}`, {
      cause: error,
    });
  }
  try {
    return parseDescriptors(bytes);
  } catch (error) {
    throw new Error(
      `the proto descriptor ${file} cannot be used: ${(error as Error).message}. Write it with: ` +
        `protoc --include_imports --descriptor_set_out=${file} YOUR.proto`,
      { cause: error },
    );
  }
}

/** @throws Error that says what is wrong: no FileDescriptorSet, an import or a type that is missing, a name twice */
export function parseDescriptors(bytes: Buffer): GrpcMethods {
  if (bytes.length > DESCRIPTOR_BYTES_MAX)
    throw new Error(`it has ${bytes.length} bytes, more than the ${DESCRIPTOR_BYTES_MAX} that are read`);
  const set = decodeSet(bytes);
  if (set.file.length === 0) throw new Error("it describes no file");
  assertImports(set.file);
  const collected = new Collector();
  for (const file of set.file) collected.addFile(file);
  return collected.resolve();
}

type Features = { readonly fieldPresence?: number; readonly messageEncoding?: number };
type Options = { readonly mapEntry?: boolean; readonly features?: Features | null };
type FieldProto = {
  readonly name: string;
  readonly number: number;
  readonly label: number;
  readonly type: number;
  readonly typeName: string;
  readonly jsonName: string;
  readonly oneofIndex?: number;
  readonly options?: Options | null;
};
type EnumProto = {
  readonly name: string;
  readonly value: readonly { readonly name: string; readonly number: number }[];
};
type MessageProto = {
  readonly name: string;
  readonly field: readonly FieldProto[];
  readonly nestedType: readonly MessageProto[];
  readonly enumType: readonly EnumProto[];
  readonly oneofDecl: readonly { readonly name: string }[];
  readonly options?: Options | null;
};
type FileProto = {
  readonly name: string;
  readonly package: string;
  readonly syntax: string;
  readonly dependency: readonly string[];
  readonly messageType: readonly MessageProto[];
  readonly enumType: readonly EnumProto[];
  readonly service: readonly {
    readonly name: string;
    readonly method: readonly {
      readonly name: string;
      readonly inputType: string;
      readonly clientStreaming: boolean;
    }[];
  }[];
  readonly options?: Options | null;
};

function decodeSet(bytes: Buffer): { readonly file: readonly FileProto[] } {
  try {
    return descriptor.FileDescriptorSet.decode(bytes) as unknown as { file: readonly FileProto[] };
  } catch (error) {
    throw new Error(`it is no FileDescriptorSet (${(error as Error).message})`, { cause: error });
  }
}

function assertImports(files: readonly FileProto[]): void {
  const names = new Set(files.map(({ name }) => name));
  if (names.size !== files.length) throw new Error("it describes a file twice");
  for (const { name, dependency } of files) {
    const missing = dependency.find((each) => !names.has(each));
    if (missing !== undefined) throw new Error(`${name} imports ${missing}, which is not in it`);
  }
}

/** Values of descriptor.proto. */
const LABEL = { required: 2, repeated: 3 } as const;
const TYPE_GROUP = 10;
const TYPE_MESSAGE = 11;
const IMPLICIT_PRESENCE = 2;
const LEGACY_REQUIRED = 3;
const DELIMITED = 2;

/** Of what editions call features: the two that change what is shown or how it is read. */
type Resolved = { readonly fieldPresence: number; readonly messageEncoding: number };

const PROTO2: Resolved = { fieldPresence: 1, messageEncoding: 1 };
const PROTO3: Resolved = { ...PROTO2, fieldPresence: IMPLICIT_PRESENCE };

/** What is set at a file, a message or a field counts for what is in it. Zero is "not set" (descriptor.proto). */
function inherit(from: Resolved, options: Options | null | undefined): Resolved {
  return {
    fieldPresence: options?.features?.fieldPresence || from.fieldPresence,
    messageEncoding: options?.features?.messageEncoding || from.messageEncoding,
  };
}

type OpenMessage = {
  readonly shape: MessageShape & { readonly fields: Map<number, FieldShape> };
  readonly proto: MessageProto;
  readonly features: Resolved;
};

/** Gathers every name first, then joins fields to their types: descriptors refer to each other in any order. */
class Collector {
  readonly #messages = new Map<string, OpenMessage>();
  readonly #enums = new Map<string, EnumShape>();
  readonly #inputs = new Map<string, { readonly typeName: string; readonly streams: boolean }>();

  addFile(file: FileProto): void {
    const features = inherit(file.syntax === "proto3" ? PROTO3 : PROTO2, file.options);
    const scope = file.package === "" ? "" : `${file.package}.`;
    for (const message of file.messageType) this.#addMessage(scope, message, features);
    for (const each of file.enumType) this.#addEnum(scope, each);
    for (const { name: service, method } of file.service) {
      for (const { name, inputType, clientStreaming } of method)
        this.#inputs.set(`${scope}${service}/${name}`, { typeName: inputType, streams: clientStreaming });
    }
  }

  resolve(): GrpcMethods {
    for (const { shape, proto, features } of this.#messages.values()) {
      for (const field of proto.field) {
        if (shape.fields.has(field.number))
          throw new Error(`${shape.fullName} has two fields with the number ${field.number}`);
        shape.fields.set(field.number, this.#field(shape.fullName, field, proto, features));
      }
    }
    const inputs = new Map<string, MessageShape>();
    for (const [path, { typeName, streams }] of this.#inputs) {
      const input = this.#message(typeName, path);
      if (!streams) inputs.set(path, input);
    }
    return {
      input: (service, method) => inputs.get(`${service}/${method}`),
      message: (fullName) => this.#messages.get(fullName)?.shape,
    };
  }

  #addMessage(scope: string, proto: MessageProto, outer: Resolved): void {
    const features = inherit(outer, proto.options);
    const fullName = `${scope}${proto.name}`;
    this.#assertNew(fullName);
    const isMapEntry = proto.options?.mapEntry === true;
    this.#messages.set(fullName, { shape: { fullName, isMapEntry, fields: new Map() }, proto, features });
    for (const nested of proto.nestedType) this.#addMessage(`${fullName}.`, nested, features);
    for (const each of proto.enumType) this.#addEnum(`${fullName}.`, each);
  }

  #addEnum(scope: string, { name, value }: EnumProto): void {
    const fullName = `${scope}${name}`;
    this.#assertNew(fullName);
    const names = new Map<number, string>();
    // Of several names for one number the first is the one that is shown.
    for (const each of value) if (!names.has(each.number)) names.set(each.number, each.name);
    this.#enums.set(fullName, { fullName, names });
  }

  #assertNew(fullName: string): void {
    if (this.#messages.has(fullName) || this.#enums.has(fullName))
      throw new Error(`it describes ${fullName} twice`);
  }

  #message(typeName: string, where: string): MessageShape {
    const found = this.#messages.get(typeName.replace(/^\./, ""));
    if (found === undefined) throw new Error(`${where} needs the message ${typeName}, which is not in it`);
    return found.shape;
  }

  #field(owner: string, field: FieldProto, message: MessageProto, outer: Resolved): FieldShape {
    const fullName = `${owner}.${field.name}`;
    const features = inherit(outer, field.options);
    const oneof = Object.hasOwn(field, "oneofIndex")
      ? message.oneofDecl[field.oneofIndex ?? 0]?.name
      : undefined;
    const kind = this.#kind(field, fullName, features);
    return {
      ...kind,
      fullName,
      jsonName: field.jsonName === "" ? lowerCamel(field.name) : field.jsonName,
      repeated: field.label === LABEL.repeated,
      required: field.label === LABEL.required || features.fieldPresence === LEGACY_REQUIRED,
      presence:
        kind.kind === "message" || oneof !== undefined || features.fieldPresence !== IMPLICIT_PRESENCE,
      oneof,
    };
  }

  #kind(field: FieldProto, fullName: string, features: Resolved): FieldKind {
    if (field.type === TYPE_MESSAGE || field.type === TYPE_GROUP) {
      const message = this.#message(field.typeName, fullName);
      const group =
        field.type === TYPE_GROUP || (features.messageEncoding === DELIMITED && !message.isMapEntry);
      return { kind: "message", message, group };
    }
    // A type from the future is not decoded and looks like the first one.
    const scalar = Object.hasOwn(field, "type")
      ? (SCALARS as { readonly [type: number]: Scalar })[field.type]
      : undefined;
    if (scalar === undefined) throw new Error(`${fullName} has an unknown type`);
    if (scalar !== "enum") return { kind: scalar };
    const found = this.#enums.get(field.typeName.replace(/^\./, ""));
    if (found === undefined)
      throw new Error(`${fullName} needs the enumeration ${field.typeName}, which is not in it`);
    return { kind: "enum", enum: found };
  }
}

/** The JSON name that protoc gives a field: letters behind underscores in upper case. */
function lowerCamel(name: string): string {
  return name.replace(/_+([a-zA-Z0-9]?)/g, (_all, letter: string) => letter.toUpperCase());
}

/** An enumeration by its name, by its number where it has none; NullValue is null. */
export function enumText(field: Extract<FieldShape, { readonly kind: "enum" }>, value: number): string {
  if (field.enum.fullName === "google.protobuf.NullValue") return "null";
  const name = field.enum.names.get(value);
  return name === undefined ? String(value) : JSON.stringify(name);
}

/** What stands for a value that is not there: in an entry of a map, in a wrapper. */
export function zeroText(field: FieldShape): string {
  switch (field.kind) {
    case "message":
      return "{}";
    case "string":
    case "bytes":
      return '""';
    case "bool":
      return "false";
    case "enum":
      return enumText(field, 0);
    case "int64":
    case "uint64":
    case "sint64":
    case "fixed64":
    case "sfixed64":
      return '"0"';
    default:
      return "0";
  }
}
