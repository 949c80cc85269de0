import { createCipheriv, createDecipheriv, createHmac, randomBytes } from 'node:crypto';
import { chmodSync, existsSync, linkSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import type { DatabaseSync } from 'node:sqlite';
import { TouchstoneError } from '../../core/errors.ts';

const KEY_BYTES = 32;
const NONCE_BYTES = 12;
const TAG_BYTES = 16;

/** Where the key that wraps all others comes from: never the database. */
export interface MasterKeySource {
  read(): Buffer | undefined;
  /** Makes one where there is none; answers the one that is there when another process was first. */
  create(): Buffer;
}

/** @throws TouchstoneError BAD_MASTER_KEY */
function parseMasterKey(text: string, origin: string): Buffer {
  if (!/^[0-9a-f]{64}$/i.test(text.trim())) throw new TouchstoneError('BAD_MASTER_KEY', `${origin} does not hold 64 hexadecimal digits`);
  return Buffer.from(text.trim(), 'hex');
}

/** The key given by the environment. */
export function givenMasterKey(hex: string): MasterKeySource {
  const key = parseMasterKey(hex, 'TOUCHSTONE_MASTER_KEY');
  return { read: () => key, create: () => key };
}

/** The key in a file beside the database, made on first need, readable by its owner only. */
export function masterKeyFile(path: string): MasterKeySource {
  const read = () => (existsSync(path) ? parseMasterKey(readFileSync(path, 'utf8'), path) : undefined);
  return {
    read,
    create() {
      mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
      const draft = `${path}.${randomBytes(8).toString('hex')}`;
      writeFileSync(draft, `${randomBytes(KEY_BYTES).toString('hex')}\n`, { mode: 0o600, flag: 'wx', flush: true });
      chmodSync(draft, 0o600);
      try {
        // A link appears whole or not at all, and never replaces the key of a process that was first.
        linkSync(draft, path);
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
      } finally {
        rmSync(draft);
      }
      return read()!;
    },
  };
}

/** nonce ‖ tag ‖ ciphertext, AES-256-GCM. */
function seal(key: Uint8Array, plain: Uint8Array, aad: string): Buffer {
  const nonce = randomBytes(NONCE_BYTES);
  const cipher = createCipheriv('aes-256-gcm', key, nonce).setAAD(Buffer.from(aad));
  const body = Buffer.concat([cipher.update(plain), cipher.final()]);
  return Buffer.concat([nonce, cipher.getAuthTag(), body]);
}

function unseal(key: Uint8Array, sealed: Uint8Array, aad: string): Buffer {
  const bytes = Buffer.from(sealed);
  const decipher = createDecipheriv('aes-256-gcm', key, bytes.subarray(0, NONCE_BYTES), { authTagLength: TAG_BYTES })
    .setAAD(Buffer.from(aad))
    .setAuthTag(bytes.subarray(NONCE_BYTES, NONCE_BYTES + TAG_BYTES));
  return Buffer.concat([decipher.update(bytes.subarray(NONCE_BYTES + TAG_BYTES)), decipher.final()]);
}

/**
 * Secrets at rest. Every version of every secret has a data key of its own, so a nonce cannot meet the same data key twice;
 * the data keys are wrapped by the master key. Name and version are authenticated: a sealed value moved to another name does not open.
 */
export class SecretBox {
  private readonly db: DatabaseSync;
  private readonly source: MasterKeySource;
  private key: Buffer | undefined;

  constructor(db: DatabaseSync, source: MasterKeySource) {
    this.db = db;
    this.source = source;
  }

  /** The caller holds the write transaction. @returns the version written */
  put(name: string, value: Uint8Array, nowMs: number): number {
    const masterKey = this.masterKey();
    const version = (this.latestVersion(name) ?? 0) + 1;
    const dataKey = randomBytes(KEY_BYTES);
    const aad = `${name}\0${version}`;
    this.db
      .prepare('INSERT INTO secrets (name, version, wrapped_key, sealed, created_ms) VALUES (?, ?, ?, ?, ?)')
      .run(name, version, seal(masterKey, dataKey, `key\0${aad}`), seal(dataKey, value, `value\0${aad}`), nowMs);
    return version;
  }

  /** @throws TouchstoneError SECRET_DAMAGED, MASTER_KEY_MISSING, MASTER_KEY_MISMATCH */
  get(name: string): Buffer | undefined {
    const row = this.db.prepare('SELECT version, wrapped_key, sealed FROM secrets WHERE name = ? ORDER BY version DESC LIMIT 1').get(name) as
      | { version: number; wrapped_key: Uint8Array; sealed: Uint8Array }
      | undefined;
    if (!row) return undefined;
    const aad = `${name}\0${row.version}`;
    const masterKey = this.masterKey();
    try {
      return unseal(unseal(masterKey, row.wrapped_key, `key\0${aad}`), row.sealed, `value\0${aad}`);
    } catch (cause) {
      throw new TouchstoneError('SECRET_DAMAGED', `secret ${name} does not open: the control store was changed from outside`, { cause });
    }
  }

  names(): string[] {
    return (this.db.prepare('SELECT DISTINCT name FROM secrets ORDER BY name').all() as Array<{ name: string }>).map((row) => row.name);
  }

  private latestVersion(name: string): number | undefined {
    const row = this.db.prepare('SELECT max(version) AS version FROM secrets WHERE name = ?').get(name) as { version: number | null };
    return row.version ?? undefined;
  }

  /** The store remembers which key it was sealed with, so a lost or exchanged key is told at once and never replaced by a new one. */
  private masterKey(): Buffer {
    if (this.key) return this.key;
    const stored = this.db.prepare('SELECT fingerprint FROM master_key WHERE id = 1').get() as { fingerprint: string } | undefined;
    const key = this.source.read() ?? (stored ? undefined : this.source.create());
    if (!key) throw new TouchstoneError('MASTER_KEY_MISSING', 'the master key is gone; restore master.key from a backup or set TOUCHSTONE_MASTER_KEY');
    const fingerprint = createHmac('sha256', key).update('touchstone master key').digest('hex');
    if (stored && stored.fingerprint !== fingerprint)
      throw new TouchstoneError('MASTER_KEY_MISMATCH', 'this is not the master key that the control store was sealed with');
    if (!stored) this.db.prepare('INSERT INTO master_key (id, fingerprint) VALUES (1, ?) ON CONFLICT DO NOTHING').run(fingerprint);
    this.key = key;
    return key;
  }
}
