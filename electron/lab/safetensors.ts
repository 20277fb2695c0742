/**
 * The safetensors format: a length, a JSON header, then bytes. Every offset, shape and type is checked against the file before any bytes
 * are read.
 */
import { z } from 'zod';
import { AppError } from '../contract/errors.ts';

const elementBytes = { F32: 4, F16: 2, BF16: 2, I32: 4, I64: 8 } as const;
export type TensorType = keyof typeof elementBytes;

const maxHeaderBytes = 16 * 1024 * 1024;
const entrySchema = z.object({
  dtype: z.string(),
  shape: z.array(z.int().nonnegative()).max(8),
  data_offsets: z.tuple([z.int().nonnegative(), z.int().nonnegative()]),
});
const headerSchema = z.record(z.string(), z.unknown());
const metadataSchema = z.record(z.string(), z.string());

export interface Tensor {
  dtype: TensorType;
  shape: number[];
  bytes: Buffer;
}

export interface SafetensorsFile {
  metadata: Record<string, string>;
  tensors: Map<string, Tensor>;
}

const wrong = (what: string) => new AppError('INVALID_ARGUMENT', `Not a valid safetensors file: ${what}.`);

function isType(text: string): text is TensorType {
  return text in elementBytes;
}

export function parseSafetensors(file: Buffer): SafetensorsFile {
  if (file.length < 8) throw wrong(`it has ${file.length} bytes`);
  const headerBytes = file.readBigUInt64LE(0);
  if (headerBytes > BigInt(maxHeaderBytes) || headerBytes > BigInt(file.length - 8))
    throw wrong(`its header claims ${headerBytes} bytes, the file has ${file.length}`);
  const dataStart = 8 + Number(headerBytes);
  let header: Record<string, unknown>;
  try {
    header = headerSchema.parse(JSON.parse(file.subarray(8, dataStart).toString('utf8')));
  } catch {
    throw wrong('its header is not JSON');
  }
  const { __metadata__: rawMetadata = {}, ...entries } = header;
  const metadata = metadataSchema.safeParse(rawMetadata);
  if (!metadata.success) throw wrong('its metadata is not a list of strings');
  const data = file.subarray(dataStart);
  const tensors = new Map(Object.entries(entries).map(([name, entry]) => [name, readTensor(name, entry, data)]));
  return { metadata: metadata.data, tensors };
}

function readTensor(name: string, raw: unknown, data: Buffer): Tensor {
  const entry = entrySchema.safeParse(raw);
  if (!entry.success) throw wrong(`tensor ${name} has no proper type, shape and offsets`);
  const { dtype, shape, data_offsets } = entry.data;
  if (!isType(dtype))
    throw wrong(`tensor ${name} has the type ${dtype}; ${Object.keys(elementBytes).join(', ')} are known`);
  const [start, end] = data_offsets;
  if (start > end || end > data.length) throw wrong(`tensor ${name} lies outside of the file`);
  const wanted = shape.reduce((n, size) => n * size, elementBytes[dtype]);
  if (!Number.isSafeInteger(wanted) || wanted !== end - start)
    throw wrong(`tensor ${name} of shape [${shape.join(', ')}] needs ${wanted} bytes, it has ${end - start}`);
  return { dtype, shape, bytes: data.subarray(start, end) };
}

/** Converts f16, bf16 or f32 to f32. */
export function toFloats({ dtype, bytes }: Tensor): Float32Array {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  switch (dtype) {
    case 'F32':
      return Float32Array.from({ length: bytes.length / 4 }, (_, i) => view.getFloat32(4 * i, true));
    case 'F16':
      return Float32Array.from({ length: bytes.length / 2 }, (_, i) => halfToFloat(view.getUint16(2 * i, true)));
    case 'BF16': {
      const bits = new Uint32Array(1);
      const float = new Float32Array(bits.buffer);
      return Float32Array.from({ length: bytes.length / 2 }, (_, i) => {
        bits[0] = view.getUint16(2 * i, true) << 16;
        return float[0] ?? 0;
      });
    }
    default:
      throw wrong(`numbers with a fraction were expected, found ${dtype}`);
  }
}

/** The bits of f16 values, unchanged. */
export function toHalves({ dtype, bytes }: Tensor): Uint16Array {
  if (dtype !== 'F16') throw wrong(`f16 was expected, found ${dtype}`);
  return Uint16Array.from({ length: bytes.length / 2 }, (_, i) => bytes.readUInt16LE(2 * i));
}

/** Indices as 32-bit integers; one that is too large becomes -1, which every range check refuses. */
export function toIndices({ dtype, bytes }: Tensor): Int32Array {
  if (dtype === 'I32') return Int32Array.from({ length: bytes.length / 4 }, (_, i) => bytes.readInt32LE(4 * i));
  if (dtype !== 'I64') throw wrong(`whole numbers were expected, found ${dtype}`);
  return Int32Array.from({ length: bytes.length / 8 }, (_, i) => {
    const value = bytes.readBigInt64LE(8 * i);
    return value < 0n || value > 0x7fffffffn ? -1 : Number(value);
  });
}

export function halfToFloat(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >> 10) & 0x1f;
  const fraction = bits & 0x3ff;
  if (exponent === 0) return sign * fraction * 2 ** -24;
  if (exponent === 31) return fraction ? Number.NaN : sign * Number.POSITIVE_INFINITY;
  return sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
}

export interface NewTensor {
  name: string;
  shape: number[];
  data: Float32Array | Uint16Array | Int32Array;
}

/** Writes a file: Float32Array becomes F32, Uint16Array F16 (its bits), Int32Array I32. */
export function writeSafetensors(metadata: Record<string, string>, tensors: readonly NewTensor[]): Buffer {
  const header: Record<string, unknown> = { __metadata__: metadata };
  const parts: Buffer[] = [];
  let offset = 0;
  for (const { name, shape, data } of tensors) {
    const dtype = data instanceof Float32Array ? 'F32' : data instanceof Uint16Array ? 'F16' : 'I32';
    const bytes = Buffer.from(data.buffer, data.byteOffset, data.byteLength); // all supported machines are little-endian
    header[name] = { dtype, shape, data_offsets: [offset, offset + bytes.length] };
    offset += bytes.length;
    parts.push(bytes);
  }
  const json = Buffer.from(JSON.stringify(header));
  const padded = Buffer.concat([json, Buffer.alloc((8 - (json.length % 8)) % 8, ' ')]);
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(padded.length));
  return Buffer.concat([length, padded, ...parts]);
}
