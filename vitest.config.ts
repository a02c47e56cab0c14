import { availableParallelism } from 'node:os';
import { defineConfig } from 'vitest/config';
import type { Reporter } from 'vitest/node';

/** The last lines of a run: which suites were left out, and why. A suite that nobody hears of protects nobody. */
const leftOut: Reporter = {
  onTestRunEnd(modules) {
    const suites = new Set<string>();
    for (const module of modules)
      for (const test of module.children.allTests('skipped'))
        suites.add(test.parent.type === 'suite' ? test.parent.fullName : test.fullName);
    for (const suite of suites) process.stdout.write(`NOT RUN: ${suite}\n`);
  },
};

export default defineConfig({
  test: {
    include: ['src/**/*.test.ts', 'connectors/**/*.test.ts', 'rules/**/*.test.ts', 'test/**/*.test.ts'],
    testTimeout: 20_000,
    reporters: ['default', leftOut],
    // All cores: by default one is left idle, which is half of a small machine.
    maxWorkers: availableParallelism(),
    // Files share a process: starting one for each costs more than most of them take. Tests leave nothing behind.
    isolate: false,
  },
});
