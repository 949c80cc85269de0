import type { Reporter, TestModule, Vitest } from 'vitest/node';

/** Says at the very end, alone on a line, how many tests passed and failed. A file that did not load counts as a failed test, and so does a stray error. */
// biome-ignore lint/style/noDefaultExport: Vitest reads the default export
export default class TotalsReporter implements Reporter {
  #vitest: Vitest | undefined;

  onInit(vitest: Vitest): void {
    this.#vitest = vitest;
  }

  onTestRunEnd(modules: readonly TestModule[], unhandledErrors: readonly unknown[]): void {
    let passed = 0;
    let failed = unhandledErrors.length;
    for (const module of modules) {
      const states = [...module.children.allTests()].map((test) => test.result().state);
      passed += states.filter((state) => state === 'passed').length;
      const failedTests = states.filter((state) => state === 'failed').length;
      failed += failedTests + (failedTests === 0 && module.state() === 'failed' ? 1 : 0);
    }
    if (failed > 0) process.exitCode = 1;
    // After everything else, the stack's end included.
    this.#vitest?.onClose(() => void process.stdout.write(`${passed} passed, ${failed} failed\n`));
  }
}
