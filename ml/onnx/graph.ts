import { bytesField, concatenate, messageField, varintField } from './protobuf.ts';

/** An operator application; names tie outputs to inputs. */
export interface OnnxNode {
  readonly op: string;
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly attributes?: Readonly<Record<string, number | readonly number[]>>;
}

/** A constant. */
export interface OnnxConstant {
  readonly name: string;
  readonly shape: readonly number[];
  readonly data: Float32Array | BigInt64Array;
}

/** A float input or output; a text is a dimension left open. */
export interface OnnxPort {
  readonly name: string;
  readonly shape: readonly (number | string)[];
}

export interface OnnxGraph {
  readonly name: string;
  readonly nodes: readonly OnnxNode[];
  readonly constants: readonly OnnxConstant[];
  readonly inputs: readonly OnnxPort[];
  readonly outputs: readonly OnnxPort[];
  readonly metadata: Readonly<Record<string, string>>;
}

/** Version 8 of the file format with operator set 17: read by every ONNX Runtime since 1.12 (2022). */
const IR_VERSION = 8;
const OPERATOR_SET = 17;

const FLOAT = 1;
const INT64 = 7;
const ATTRIBUTE_INT = 2;
const ATTRIBUTE_INTS = 7;

/** The bytes of an `.onnx` file: `ModelProto` of onnx/onnx.proto, whose field numbers these are. */
export function encodeOnnx(graph: OnnxGraph): Uint8Array {
  return concatenate(
    varintField(1, IR_VERSION),
    bytesField(2, 'touchstone'),
    messageField(
      7,
      ...graph.nodes.map((node) => messageField(1, encodeNode(node))),
      bytesField(2, graph.name),
      ...graph.constants.map((constant) => messageField(5, encodeConstant(constant))),
      ...graph.inputs.map((port) => messageField(11, encodePort(port))),
      ...graph.outputs.map((port) => messageField(12, encodePort(port))),
    ),
    messageField(8, varintField(2, OPERATOR_SET)),
    ...Object.entries(graph.metadata).map(([key, value]) => messageField(14, bytesField(1, key), bytesField(2, value))),
  );
}

function encodeNode(node: OnnxNode): Uint8Array {
  return concatenate(
    ...node.inputs.map((name) => bytesField(1, name)),
    ...node.outputs.map((name) => bytesField(2, name)),
    bytesField(3, node.outputs.find((name) => name !== '')!),
    bytesField(4, node.op),
    ...Object.entries(node.attributes ?? {}).map(([name, value]) => messageField(5, encodeAttribute(name, value))),
  );
}

function encodeAttribute(name: string, value: number | readonly number[]): Uint8Array {
  if (typeof value === 'number') return concatenate(bytesField(1, name), varintField(3, value), varintField(20, ATTRIBUTE_INT));
  return concatenate(bytesField(1, name), ...value.map((item) => varintField(8, item)), varintField(20, ATTRIBUTE_INTS));
}

function encodeConstant({ name, shape, data }: OnnxConstant): Uint8Array {
  return concatenate(
    ...shape.map((size) => varintField(1, size)),
    varintField(2, data instanceof Float32Array ? FLOAT : INT64),
    bytesField(8, name),
    bytesField(9, new Uint8Array(data.buffer, data.byteOffset, data.byteLength)),
  );
}

function encodePort({ name, shape }: OnnxPort): Uint8Array {
  const dimensions = shape.map((size) => messageField(1, typeof size === 'number' ? varintField(1, size) : bytesField(2, size)));
  return concatenate(bytesField(1, name), messageField(2, messageField(1, varintField(1, FLOAT), messageField(2, ...dimensions))));
}
