import { readFileSync } from 'node:fs'
import { setTimeout as wait } from 'node:timers/promises'
import { createTransport } from 'nodemailer'
import { systemClock } from '../../src/platform/clock.ts'
import { systemRandom } from '../../src/platform/random.ts'
import { insertOutbox } from '../../src/store/outbox.ts'
import type { Target } from './target.ts'

export interface Drained {
  count: number
  seconds: number
  /** nodemailer alone, with as many connections and mails of the same size. */
  bareSeconds: number
  /** Memory of the daemon in bytes: before, when half is sent, at the end. */
  memory: number[]
}

const BATCH = 500
const HOUR = 3_600_000
const CONNECTIONS = 4
/** The size of an authd notice. */
const BARE = { text: 'x'.repeat(700), html: 'x'.repeat(9000) }

const random = systemRandom(systemClock)

/** Measures how fast a queue empties into a fast mail server, and the memory it takes. */
export async function drainMails(target: Target, count: number): Promise<Drained> {
  const dueAt = await fillOutbox(target, count)
  const before = target.sink.count()
  const memory = [memoryOf(target.pid)]
  await wait(Math.max(0, dueAt - systemClock.now()))
  const started = performance.now()
  await untilReceived(target, before + count / 2)
  memory.push(memoryOf(target.pid))
  await untilReceived(target, before + count)
  const seconds = (performance.now() - started) / 1000
  memory.push(memoryOf(target.pid))
  return { count, seconds, bareSeconds: await sendBare(target.sink.port, count), memory }
}

/** All are due at the returned time, when the last one is written. */
async function fillOutbox({ openDatabase, seal }: Target, count: number): Promise<number> {
  const db = await openDatabase()
  const dueAt = systemClock.now() + 1000 + count
  const link = { link: 'http://localhost/account', requested_by: 'Firefox', requested_ip: '127.0.0.1' }
  const values = JSON.stringify({ ...link, occurred_at: '2026-11-26T12:00:00.000Z' })
  try {
    for (let at = 0; at < count; at += BATCH) {
      await db.write(async (trx) => {
        for (let index = at; index < Math.min(at + BATCH, count); index += 1) {
          const id = random.id('msg')
          const what = { kind: 'mail', template: 'new_device', lang: 'en', isDecoy: false } as const
          const bodySealed = seal({ table: 'outbox', column: 'body_sealed', rowId: id }, values)
          const rest = { attemptId: null, eventSeq: null, isAwaited: false, createdAt: dueAt, expiresAt: dueAt + HOUR }
          await insertOutbox(trx, { id, ...what, recipient: `drain${index}@example.com`, bodySealed, ...rest })
        }
      })
    }
  } finally {
    await db.close()
  }
  return dueAt
}

async function untilReceived({ sink }: Target, count: number): Promise<void> {
  while (sink.count() < count) await wait(5)
}

async function sendBare(port: number, count: number): Promise<number> {
  const transport = createTransport({
    host: '127.0.0.1',
    port,
    ignoreTLS: true,
    pool: true,
    maxConnections: CONNECTIONS,
  })
  const started = performance.now()
  let next = 0
  const send = async () => {
    for (; next < count; next += 1) {
      await transport.sendMail({ from: 'bench@example.com', to: `bare${next}@example.com`, subject: 'x', ...BARE })
    }
  }
  await Promise.all(Array.from({ length: CONNECTIONS }, send))
  transport.close()
  return (performance.now() - started) / 1000
}

function memoryOf(pid: number): number {
  return Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? 0) * 1024
}
