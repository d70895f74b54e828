import type { Metrics } from './metrics.ts'

/** Records nothing: of a command, and of a daemon that is told so. */
export const NO_METRICS: Metrics = {
  count() {},
  observe() {},
  set() {},
  render: async () => ({ text: '', contentType: 'text/plain' }),
}
