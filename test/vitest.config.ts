/** unit: no model, no compiled code, all at once. binding: the addon alone, on a model of random weights. cli: the real commands and measurements on the embedded model, app: the window in a real
 *  Chromium; one file after another, because two engines at a time would share the machine's cores and each other's timeouts. */
import { defineConfig } from 'vitest/config';

/** A slow machine needs seconds where a quick one needs milliseconds: what is waited for comes in the end, or never. */
const patient = { poll: { timeout: 60_000 } };

export default defineConfig({
  test: {
    projects: [
      {
        test: {
          name: 'unit',
          include: ['test/unit/**/*.test.ts'],
          globalSetup: 'test/build.ts',
          expect: patient,
          testTimeout: 30_000,
        },
      },
      {
        test: {
          name: 'binding',
          include: ['test/binding/**/*.test.ts'],
          fileParallelism: false,
          sequence: { groupOrder: 1 },
          testTimeout: 120_000,
          hookTimeout: 120_000,
        },
      },
      {
        test: {
          name: 'cli',
          include: ['test/cli/**/*.test.ts', 'test/model/**/*.test.ts'],
          globalSetup: 'test/build.ts',
          expect: patient,
          fileParallelism: false,
          sequence: { groupOrder: 2 },
          testTimeout: 300_000,
          hookTimeout: 300_000,
        },
      },
      {
        test: {
          name: 'app',
          include: ['test/app/**/*.test.ts'],
          globalSetup: 'test/build.ts',
          expect: patient,
          fileParallelism: false,
          sequence: { groupOrder: 3 },
          testTimeout: 300_000,
          hookTimeout: 300_000,
        },
      },
    ],
  },
});
