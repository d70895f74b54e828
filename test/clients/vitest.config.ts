import { defineConfig } from 'vitest/config'

/** Lints the OpenAPI document, and generates, type-checks and runs clients: `npm run clients`. */
export default defineConfig({
  test: {
    include: ['test/clients/*.clients.ts'],
    globalSetup: ['test/support/postgres-server.ts', 'test/clients/install.ts'],
    fileParallelism: false,
    testTimeout: 1_200_000,
    hookTimeout: 1_200_000,
  },
})
