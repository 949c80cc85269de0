import { TouchstoneError } from '../core/errors.ts';

/** A dense array in row-major order. */
export interface Tensor {
  readonly shape: readonly number[];
  readonly data: Float32Array | Float64Array | Int32Array;
}
export type Tensors = Readonly<Record<string, Tensor>>;

const DTYPES = { F32: Float32Array, F64: Float64Array, I32: Int32Array } as const;
type Dtype = keyof typeof DTYPES;

/** What keeps a damaged or hostile file from asking for the machine's memory. */
const MAX_HEADER_BYTES = 10_000_000;

export function tensorOf(data: Tensor['data'], ...shape: number[]): Tensor {
  return { shape: shape.length === 0 ? [data.length] : shape, data };
}

/**
 * Tensors as one file in the `safetensors` format (an 8-byte header length, a JSON header, the raw little-endian values), which Python
 * reads too. Names are sorted: equal tensors have equal bytes, so an artefact's address is the identity of its values.
 */
export function encodeTensors(tensors: Tensors, metadata: Readonly<Record<string, string>> = {}): Uint8Array {
  const names = Object.keys(tensors).sort();
  const header: Record<string, unknown> = { __metadata__: Object.fromEntries(Object.entries(metadata).sort(([a], [b]) => (a < b ? -1 : 1))) };
  let offset = 0;
  for (const name of names) {
    const { data, shape } = tensors[name]!;
    header[name] = { dtype: dtypeOf(data), shape, data_offsets: [offset, offset + data.byteLength] };
    offset += data.byteLength;
  }
  const json = new TextEncoder().encode(JSON.stringify(header));
  // The format pads its header with spaces so that values begin aligned.
  const headerBytes = Math.ceil(json.length / 8) * 8;
  const file = new Uint8Array(8 + headerBytes + offset).fill(0x20, 8, 8 + headerBytes);
  new DataView(file.buffer).setBigUint64(0, BigInt(headerBytes), true);
  file.set(json, 8);
  let place = 8 + headerBytes;
  for (const name of names) {
    const { data } = tensors[name]!;
    file.set(new Uint8Array(data.buffer, data.byteOffset, data.byteLength), place);
    place += data.byteLength;
  }
  return file;
}

/** @throws TouchstoneError BAD_TENSORS when the bytes are not such a file */
export function decodeTensors(bytes: Uint8Array): { readonly tensors: Tensors; readonly metadata: Readonly<Record<string, string>> } {
  try {
    const headerBytes = Number(new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength).getBigUint64(0, true));
    if (headerBytes > Math.min(MAX_HEADER_BYTES, bytes.length - 8)) throw new RangeError(`a header of ${headerBytes} bytes`);
    const header = JSON.parse(new TextDecoder().decode(bytes.subarray(8, 8 + headerBytes))) as Record<string, unknown>;
    const { __metadata__: metadata = {}, ...entries } = header;
    const values = bytes.subarray(8 + headerBytes);
    const tensors = Object.fromEntries(Object.entries(entries).map(([name, entry]) => [name, decodeTensor(entry, values)]));
    return { tensors, metadata: metadata as Record<string, string> };
  } catch (cause) {
    throw new TouchstoneError('BAD_TENSORS', `not a safetensors file: ${(cause as Error).message}`, { cause });
  }
}

function decodeTensor(entry: unknown, values: Uint8Array): Tensor {
  const { dtype, shape, data_offsets: offsets } = entry as { dtype: Dtype; shape: number[]; data_offsets: [number, number] };
  const ArrayType = DTYPES[dtype];
  if (!ArrayType) throw new RangeError(`unknown dtype ${dtype}`);
  const length = shape.reduce((product, size) => product * size, 1);
  if (offsets[1] - offsets[0] !== length * ArrayType.BYTES_PER_ELEMENT || offsets[1] > values.length) throw new RangeError('values do not fit their shape');
  // A copy of its own: aligned, and not a view of a file buffer (Node's Buffer.slice would be one).
  return { shape, data: new ArrayType(Uint8Array.from(values.subarray(offsets[0], offsets[1])).buffer) };
}

function dtypeOf(data: Tensor['data']): Dtype {
  return data instanceof Float32Array ? 'F32' : data instanceof Float64Array ? 'F64' : 'I32';
}

/** The float values of a tensor that must be there. @throws TouchstoneError BAD_TENSORS */
export function float32(tensors: Tensors, name: string): Float32Array {
  const data = tensors[name]?.data;
  if (!(data instanceof Float32Array)) throw new TouchstoneError('BAD_TENSORS', `no float32 tensor ${name}; there are: ${Object.keys(tensors).join(', ')}`);
  return data;
}
