import { availableParallelism } from 'node:os';
import { defineConfig } from 'vitest/config';
import type { Reporter, TestCase, TestSuite } from 'vitest/node';

/** The last lines of a run: which suites were left out; their names say why. A suite that nobody hears of protects nobody. */
const leftOut: Reporter = {
  onTestRunEnd(modules) {
    const counts = new Map<string, number>();
    for (const module of modules)
      for (const test of module.children.allTests('skipped')) {
        // The outermost suite that is left out whole has the reason in its name.
        let entity: TestCase | TestSuite = test;
        while (entity.parent.type === 'suite' && entity.parent.state() === 'skipped') entity = entity.parent;
        const name = `${module.relativeModuleId} > ${entity.fullName}`;
        counts.set(name, (counts.get(name) ?? 0) + 1);
      }
    for (const [name, count] of counts)
      process.stdout.write(`NOT RUN: ${name}, ${count} test${count > 1 ? 's' : ''}\n`);
  },
};

export default defineConfig({
  test: {
    include: ['{src,connectors,rules,test,docker}/**/*.test.ts'],
    testTimeout: 20_000,
    globalSetup: 'test/services/global.ts',
    reporters: ['default', leftOut],
    // All cores: by default one is left idle, which is half of a small machine. One more is a quarter quicker, but less steady.
    maxWorkers: availableParallelism(),
    // Files share a process: starting one for each costs more than most of them take. Tests leave nothing behind.
    isolate: false,
  },
});
