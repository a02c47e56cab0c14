import { availableParallelism } from 'node:os';
import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['src/**/*.test.ts', 'connectors/**/*.test.ts', 'rules/**/*.test.ts', 'test/**/*.test.ts'],
    testTimeout: 20_000,
    // All cores: by default one is left idle, which is half of a small machine.
    maxWorkers: availableParallelism(),
    // Files share a process: starting one for each costs more than most of them take. Tests leave nothing behind.
    isolate: false,
  },
});
