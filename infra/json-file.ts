import { closeSync, existsSync, fsyncSync, mkdirSync, openSync, readFileSync, renameSync, writeFileSync, writeSync } from 'node:fs';
import { dirname } from 'node:path';

/** A JSON document that is always whole on disk: written beside, synced, renamed. A broken one is put aside and counts as none. */
export function jsonFileStore<T>(path: string): { load(): T | undefined; save(value: T): void } {
  mkdirSync(dirname(path), { recursive: true });
  return {
    load() {
      if (!existsSync(path)) return undefined;
      const text = readFileSync(path, 'utf8');
      try {
        return JSON.parse(text) as T;
      } catch {
        writeFileSync(`${path}.broken`, text);
        return undefined;
      }
    },
    save(value) {
      const file = openSync(`${path}.new`, 'w');
      writeSync(file, JSON.stringify(value));
      fsyncSync(file);
      closeSync(file);
      renameSync(`${path}.new`, path);
    },
  };
}
