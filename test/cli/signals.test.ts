import { expect, onTestFinished, test } from 'vitest'
import { heedSignals } from '../../src/cli/signals.ts'

test('a signal that comes before the daemon can act on it is kept until then, and acted on once', () => {
  const done: string[] = []
  const signals = heedSignals()
  onTestFinished(() => {
    for (const signal of ['SIGHUP', 'SIGUSR1', 'SIGUSR2'] as const) {
      process.off(signal, process.listeners(signal).at(-1) ?? (() => {}))
    }
  })

  process.emit('SIGUSR1')
  process.emit('SIGUSR1')
  signals.act({ SIGHUP: () => done.push('reloaded'), SIGUSR1: () => done.push('opened anew') })
  process.emit('SIGHUP')
  signals.act({})
  process.emit('SIGHUP')

  expect(done).toEqual(['opened anew', 'reloaded'])
})
