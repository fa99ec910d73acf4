import type protobuf from "protobufjs";
import descriptor from "protobufjs/ext/descriptor.js";

const LABEL = { optional: 1, required: 2, repeated: 3 } as const;
/** `FieldDescriptorProto.Type` of descriptor.proto. */
const TYPE: { readonly [name: string]: number } = {
  double: 1,
  float: 2,
  int64: 3,
  uint64: 4,
  int32: 5,
  fixed64: 6,
  fixed32: 7,
  bool: 8,
  string: 9,
  group: 10,
  message: 11,
  bytes: 12,
  uint32: 13,
  enum: 14,
  sfixed32: 15,
  sfixed64: 16,
  sint32: 17,
  sint64: 18,
};

/** `message`, `enum` and `group` name their type behind a colon: `message:.shop.Order`. */
export type FieldSpec = {
  readonly name: string;
  readonly type: string;
  readonly label?: keyof typeof LABEL;
  readonly jsonName?: string;
  readonly oneof?: string;
  readonly optional?: true;
  readonly options?: object;
};

/** One message: its fields by number. */
export type MessageSpec = {
  readonly name: string;
  readonly fields: { readonly [number: number]: FieldSpec };
  readonly nested?: readonly object[];
  readonly mapEntry?: true;
};

/** A DescriptorProto. Its oneofs are made of what its fields name. */
export function message({ name, fields, nested = [], mapEntry }: MessageSpec): object {
  const oneofs = [...new Set(Object.values(fields).flatMap(({ oneof }) => oneof ?? []))];
  return {
    name,
    nestedType: nested,
    oneofDecl: oneofs.map((each) => ({ name: each })),
    field: Object.entries(fields).map(([number, field]) => {
      const [type = "", typeName] = field.type.split(":");
      return {
        name: field.name,
        number: Number(number),
        type: TYPE[type] ?? Number(type),
        label: LABEL[field.label ?? "optional"],
        ...(typeName === undefined ? {} : { typeName }),
        ...(field.jsonName === undefined ? {} : { jsonName: field.jsonName }),
        ...(field.oneof === undefined ? {} : { oneofIndex: oneofs.indexOf(field.oneof) }),
        ...(field.optional === undefined ? {} : { proto3Optional: true }),
        ...(field.options === undefined ? {} : { options: field.options }),
      };
    }),
    ...(mapEntry === undefined ? {} : { options: { mapEntry } }),
  };
}

/** An EnumDescriptorProto. */
export function enumeration(name: string, values: readonly (readonly [string, number])[]): object {
  return { name, value: values.map(([each, number]) => ({ name: each, number })) };
}

/** The bytes of a FileDescriptorSet with some FileDescriptorProtos, as protoc writes them. */
export function descriptorSet(files: readonly object[]): Buffer {
  const type: protobuf.Type = descriptor.FileDescriptorSet;
  return Buffer.from(type.encode(type.fromObject({ file: files })).finish());
}
