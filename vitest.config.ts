import { defineConfig } from 'vitest/config'

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    globalSetup: ['test/support/postgres-server.ts'],
    // Two workers: each starts daemons of its own, and more of them would only wait for one another.
    maxWorkers: 2,
    // Our modules hold no state, so test files share a worker and its loaded modules. This saves a fifth of the time.
    isolate: false,
    // No test is about speed: on a busy machine each may take this long.
    testTimeout: 600_000,
    hookTimeout: 600_000,
    teardownTimeout: 20_000,
  },
})
