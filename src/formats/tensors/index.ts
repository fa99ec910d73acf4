export { DATATYPES, type Datatype, type DatatypeFacts, isDatatype } from "./datatype.ts";
export { decodeJson, decodeLeaves, encodeJson, isText, type Nonfinite, nest, numbersIn } from "./json.ts";
export { assertRawSize, BYTES_PREFIX, decodeRaw, encodeRaw, joinElements, splitElements } from "./raw.ts";
export { dataReading, tensorReading } from "./reading.ts";
export {
  assertCount,
  elementCount,
  flatten,
  type Nested,
  readShape,
  shapeText,
  TENSOR_DIMENSIONS_MAX,
  TENSOR_ELEMENTS_MAX,
} from "./shape.ts";
export {
  type BigArray,
  type DataTensor,
  emptyData,
  type NumberArray,
  type TensorData,
  tensorFault,
} from "./tensor.ts";
