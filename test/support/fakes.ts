import { createHash } from 'node:crypto'
import type { Mail, Mailer } from '../../src/deps.ts'
import type { Clock } from '../../src/platform/clock.ts'
import { type Random, randomFrom } from '../../src/platform/random.ts'

export interface FakeClock extends Clock {
  advance(ms: number): void
  set(epochMs: number): void
}

/** Stands still until the test moves it. */
export function fakeClock(start = Date.UTC(2026, 10, 25, 12)): FakeClock {
  let now = start
  return {
    now: () => now,
    advance: (ms) => {
      now += ms
    },
    set: (epochMs) => {
      now = epochMs
    },
  }
}

/** The same bytes in every run. */
export function seededRandom(clock: Clock, seed: string): Random {
  let drawn = 0
  const bytes = (length: number): Buffer => {
    const blocks: Buffer[] = []
    for (let size = 0; size < length; size += 32) {
      blocks.push(createHash('sha256').update(`${seed} ${drawn++}`).digest())
    }
    return Buffer.concat(blocks).subarray(0, length)
  }
  return randomFrom(clock, bytes, (below) => bytes(6).readUIntBE(0, 6) % below)
}

export interface CapturedMail extends Mailer {
  sent: Mail[]
  /** While set, it is thrown instead of sending. */
  failure: Error | undefined
}

export function capturingMailer(): CapturedMail {
  const mailer: CapturedMail = {
    sent: [],
    failure: undefined,
    async send(mail) {
      if (mailer.failure) throw mailer.failure
      mailer.sent.push(mail)
      return '250 captured'
    },
    close: async () => {},
  }
  return mailer
}
