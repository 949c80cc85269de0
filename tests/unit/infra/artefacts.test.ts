import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type Artefacts, openArtefacts } from '../../../infra/artefacts.ts';

describe('artefacts', () => {
  let dir: string;
  let artefacts: Artefacts;
  beforeEach(async () => {
    dir = await mkdtemp(join(tmpdir(), 'artefacts-'));
    artefacts = openArtefacts(dir);
  });
  afterEach(() => rm(dir, { recursive: true }));

  const filesOf = async () => (await readdir(dir, { recursive: true, withFileTypes: true })).filter((entry) => entry.isFile()).map((entry) => entry.name);

  it('names bytes by their SHA-256 and gives them back', async () => {
    // The digest of "abc", FIPS 180-4 appendix.
    const stored = await artefacts.putBytes(Buffer.from('abc'));
    expect(stored).toEqual({ address: 'sha256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad', bytes: 3 });
    expect(Buffer.from(await artefacts.getBytes(stored.address)).toString()).toBe('abc');
  });

  it('gives equal JSON one address, whatever the order of its keys', async () => {
    const first = await artefacts.putJson({ b: [1, { y: 2, x: 1 }], a: 'é' });
    const second = await artefacts.putJson({ a: 'é', b: [1, { x: 1, y: 2 }] });
    expect(second.address).toBe(first.address);
    expect(await artefacts.getJson(first.address)).toEqual({ a: 'é', b: [1, { x: 1, y: 2 }] });
    expect(await filesOf()).toHaveLength(1);
  });

  it('keeps one whole file when many write the same at once', async () => {
    const bytes = new Uint8Array(300_000).fill(7);
    const stored = await Promise.all(Array.from({ length: 20 }, () => openArtefacts(dir).putBytes(bytes)));
    expect(new Set(stored.map((each) => each.address)).size).toBe(1);
    expect(await filesOf()).toHaveLength(1);
    expect(await artefacts.getBytes(stored[0]!.address)).toHaveLength(300_000);
  });

  it('refuses damaged bytes, and heals them when they are stored again', async () => {
    const { address } = await artefacts.putBytes(Buffer.from('weights'));
    const hex = address.slice('sha256:'.length);
    await writeFile(join(dir, hex.slice(0, 2), hex), 'weighty');
    await expect(artefacts.getBytes(address)).rejects.toMatchObject({ code: 'ARTEFACT_CORRUPT' });
    await artefacts.putBytes(Buffer.from('weights'));
    expect(Buffer.from(await artefacts.getBytes(address)).toString()).toBe('weights');
  });

  it('says what is missing, and takes no path for an address', async () => {
    const absent = `sha256:${'0'.repeat(64)}`;
    expect(await artefacts.has(absent)).toBe(false);
    await expect(artefacts.getBytes(absent)).rejects.toMatchObject({ code: 'ARTEFACT_MISSING' });
    await expect(artefacts.getBytes('sha256:../../etc/passwd')).rejects.toMatchObject({ code: 'BAD_ARTEFACT_ADDRESS' });
  });
});
