import { defineConfig } from 'vitest/config'

/** Long and statistical checks, which `npm test` leaves out: `npm run torture`. One file at a time, on a quiet machine. */
export default defineConfig({
  test: {
    include: ['test/torture/**/*.torture.ts'],
    globalSetup: ['test/support/postgres-server.ts'],
    fileParallelism: false,
    testTimeout: 3_600_000,
    hookTimeout: 3_600_000,
  },
})
