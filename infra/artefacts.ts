import { createHash, randomUUID } from 'node:crypto';
import { constants } from 'node:fs';
import { access, mkdir, open, readFile, rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { TouchstoneError } from '../core/errors.ts';
import { canonicalJson } from '../core/hash.ts';

/** `sha256:` and 64 lower-case hex digits: the name of some bytes, made from the bytes. */
export type ArtefactAddress = `sha256:${string}`;

export interface StoredArtefact {
  readonly address: ArtefactAddress;
  readonly bytes: number;
}

/**
 * Data sets, checkpoints, models, reports and evidence packs by the hash of their content. Workflow histories and topics carry
 * addresses, never the data. Storing the same bytes again is a no-op; nothing is ever overwritten or deleted.
 * JSON is stored with sorted keys, so equal values have equal addresses.
 */
export interface Artefacts {
  putBytes(bytes: Uint8Array): Promise<StoredArtefact>;
  putJson(value: unknown): Promise<StoredArtefact>;
  /** @throws TouchstoneError BAD_ARTEFACT_ADDRESS, ARTEFACT_MISSING, ARTEFACT_CORRUPT (the bytes do not have that hash) */
  getBytes(address: string): Promise<Uint8Array>;
  /** The caller says what it stored; parse with a schema where the content comes from elsewhere. Throws as `getBytes`. */
  getJson<T>(address: string): Promise<T>;
  has(address: string): Promise<boolean>;
}

/** The store in a directory (`<home>/artefacts`), one file an artefact, spread over 256 folders. Safe with many processes. */
export function openArtefacts(dir: string): Artefacts {
  async function putBytes(bytes: Uint8Array): Promise<StoredArtefact> {
    const address = addressOf(bytes);
    const path = pathOf(dir, address);
    if (!(await holds(path, address))) await writeDurably(path, bytes);
    return { address, bytes: bytes.byteLength };
  }

  async function getBytes(address: string): Promise<Uint8Array> {
    const path = pathOf(dir, address);
    let bytes: Buffer;
    try {
      bytes = await readFile(path);
    } catch (cause) {
      if ((cause as NodeJS.ErrnoException).code !== 'ENOENT') throw cause;
      throw new TouchstoneError('ARTEFACT_MISSING', `no artefact ${address} in ${dir}`, { cause });
    }
    if (addressOf(bytes) !== address) throw new TouchstoneError('ARTEFACT_CORRUPT', `the bytes of ${address} in ${dir} have another hash`);
    return bytes;
  }

  return {
    putBytes,
    putJson: (value) => putBytes(Buffer.from(canonicalJson(value))),
    getBytes,
    getJson: async <T>(address: string) => JSON.parse(Buffer.from(await getBytes(address)).toString('utf8')) as T,
    has: (address) =>
      access(pathOf(dir, address), constants.R_OK).then(
        () => true,
        () => false,
      ),
  };
}

function addressOf(bytes: Uint8Array): ArtefactAddress {
  return `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
}

const ADDRESS = /^sha256:([0-9a-f]{64})$/;

function pathOf(dir: string, address: string): string {
  const hex = ADDRESS.exec(address)?.[1];
  if (!hex) throw new TouchstoneError('BAD_ARTEFACT_ADDRESS', `not an artefact address: ${JSON.stringify(address.slice(0, 80))}`);
  return join(dir, hex.slice(0, 2), hex);
}

/** A damaged file does not count as held, so that storing the bytes again repairs it. */
async function holds(path: string, address: ArtefactAddress): Promise<boolean> {
  try {
    return addressOf(await readFile(path)) === address;
  } catch {
    return false;
  }
}

/** Whole or not at all, after a crash or a power cut too: written aside, flushed, renamed, and the folder's entry flushed. */
async function writeDurably(path: string, bytes: Uint8Array): Promise<void> {
  const folder = dirname(path);
  await mkdir(folder, { recursive: true });
  const aside = join(folder, `.${randomUUID()}`);
  try {
    const file = await open(aside, 'wx');
    try {
      await file.writeFile(bytes);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(aside, path);
  } catch (error) {
    await rm(aside, { force: true });
    throw error;
  }
  const directory = await open(folder, 'r');
  try {
    await directory.sync();
  } finally {
    await directory.close();
  }
}
