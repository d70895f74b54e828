import { defineConfig } from 'vitest/config'

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    globalSetup: ['test/support/postgres-server.ts'],
    // Two at a time: each worker brings daemons of its own, and more of them only wait for one another.
    maxWorkers: 2,
    // Our modules hold no state, so files share their worker and what it has loaded: a fifth faster.
    isolate: false,
    testTimeout: 60_000,
    hookTimeout: 60_000,
    teardownTimeout: 20_000,
  },
})
