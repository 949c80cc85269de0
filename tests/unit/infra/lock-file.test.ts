import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';

interface LockFile {
  readonly packages: Readonly<Record<string, { readonly optionalDependencies?: Readonly<Record<string, string>>; readonly version?: string }>>;
}
const { packages } = JSON.parse(readFileSync('package-lock.json', 'utf8')) as LockFile;

/** Where Node would find it: beside the package that asks, or in any folder above. */
function isLocked(from: string, name: string): boolean {
  const folders = from.split('/node_modules/');
  for (; folders.length > 0; folders.pop()) if (`${folders.join('/node_modules/')}/node_modules/${name}` in packages) return true;
  return `node_modules/${name}` in packages;
}

it('names the native packages of every platform: `npm ci` refuses a lock file that has only this machine’s', () => {
  const missing = Object.entries(packages).flatMap(([path, { optionalDependencies = {} }]) =>
    Object.keys(optionalDependencies)
      .filter((name) => path !== '' && !isLocked(path, name))
      .map((name) => `${name} (of ${path})`),
  );
  expect(missing).toEqual([]);
});
