import { defineConfig } from 'vitest/config';

/**
 * unit: no servers, seconds; files share a process and their imports, so none may leave a trace behind. integration, e2e and faults share
 * one private stack, started once by `tests/setup/stack.ts`, and run one file at a time: they share its servers. `*.quick.test.ts` among the
 * fault tests belong to `npm test`; `npm run test:faults` runs all.
 */
const withStack = {
  globalSetup: ['tests/setup/stack.ts'],
  fileParallelism: false,
  testTimeout: 60_000,
  hookTimeout: 120_000,
  pool: 'forks' as const,
};

// biome-ignore lint/style/noDefaultExport: Vitest reads the default export
export default defineConfig({
  test: {
    passWithNoTests: true,
    maxWorkers: '100%', // the default leaves one core to the watcher, which on two cores is half of them
    execArgv: ['--disable-warning=ExperimentalWarning'],
    projects: [
      { extends: true, test: { name: 'unit', include: ['tests/unit/**/*.test.ts', 'tests/*.test.ts'], isolate: false, sequence: { groupOrder: 0 } } },
      { extends: true, test: { name: 'integration', include: ['tests/integration/**/*.test.ts'], sequence: { groupOrder: 1 }, ...withStack } },
      {
        extends: true,
        test: { name: 'faults-quick', include: ['tests/faults/**/*.quick.test.ts'], sequence: { groupOrder: 2 }, ...withStack, testTimeout: 180_000 },
      },
      { extends: true, test: { name: 'e2e', include: ['tests/e2e/**/*.test.ts'], sequence: { groupOrder: 3 }, ...withStack, testTimeout: 120_000 } },
      { extends: true, test: { name: 'faults', include: ['tests/faults/**/*.test.ts'], sequence: { groupOrder: 4 }, ...withStack, testTimeout: 600_000 } },
    ],
  },
});
