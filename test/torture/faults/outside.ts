import type { ServerResponse } from 'node:http'
import { startProxy } from '../../support/postgres-proxy.ts'
import { type Receiver, webhookReceiver } from '../../support/webhook-receiver.ts'
import type { Fault, Place, Prepared } from './fault.ts'

const SLOW_MS = 2000
const ARRIVED_MS = 120_000

/** A relay behind a network that can be silent or slow. */
async function relay({ sink }: Place, mood: 'silent' | 'slow' | 'moody'): Promise<Prepared> {
  const network = await startProxy({ host: '127.0.0.1', port: sink.port })
  return {
    smtpPort: network.port,
    hurt() {
      if (mood === 'silent') network.freeze()
      if (mood === 'slow') network.delay(SLOW_MS)
      sink.isMoody = mood === 'moody'
    },
    async heal() {
      sink.isMoody = false
      network.delay(0)
      if (mood !== 'silent') return
      await network.close()
      await network.reopen()
    },
  }
}

/** Answers that never end, lead nowhere, break off or never come. */
const POISONS: ((response: ServerResponse) => void)[] = [
  (response) => {
    const drip = setInterval(() => response.write('x'.repeat(100)), 10)
    response.on('close', () => clearInterval(drip))
  },
  (response) => void response.writeHead(307, { Location: '/events' }).end(),
  (response) => void response.destroy(),
  () => {},
]

async function poison(): Promise<Prepared> {
  const receiver = await webhookReceiver()
  const well = receiver.answer
  const accepted: string[] = []
  const note: Receiver['answer'] = (response, received) => {
    accepted.push(String(received.headers['webhook-id']))
    well(response, received)
  }
  receiver.answer = note
  let turn = 0
  return {
    async ready({ command }) {
      await command('webhooks', 'add', receiver.url, '--allow-private', '--events', 'session.created')
    },
    hurt() {
      receiver.answer = (response) => POISONS[turn++ % POISONS.length]?.(response)
    },
    heal() {
      receiver.answer = note
    },
    async judge({ command }, acknowledged) {
      const until = performance.now() + ARRIVED_MS
      while (performance.now() < until) {
        if (/"deliveries_pending": ?0,/.test(await command('status', '--json'))) break
      }
      const once = new Set(accepted)
      const poisoned = `${receiver.received.length} deliveries: ${once.size} accepted, ${accepted.length - once.size} twice`
      console.log(`receiver-poison: ${poisoned}, of ${acknowledged} sign-ins or more`)
      const unsaid = new Set(receiver.received.map(({ headers }) => headers['webhook-id'])).size < acknowledged
      return unsaid ? ['an event was not delivered'] : []
    },
  }
}

export const OUTSIDE: Fault[] = [
  ...(['silent', 'slow', 'moody'] as const).map(
    (mood): Fault => ({
      name: `relay-${mood}`,
      promise: 'Sign-ins begin as always, mails wait, and each code arrives.',
      may: ['200', '201'],
      ...(mood === 'silent' && { told: { what: 'mail', reason: /^the mail server does not answer/ } }),
      prepare: (place) => relay(place, mood),
    }),
  ),
  {
    name: 'receiver-poison',
    promise: 'Sign-ins go on as always, and every event is delivered at least once.',
    may: ['200', '201'],
    prepare: poison,
  },
]
