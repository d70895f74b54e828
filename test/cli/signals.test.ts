import { expect, onTestFinished, test } from 'vitest'
import { heedSignals } from '../../src/cli/signals.ts'

test('a signal that arrives during the start is handled once, after the start', () => {
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
