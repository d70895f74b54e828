import { setTimeout as wait } from 'node:timers/promises'
import { systemClock } from '../../src/platform/clock.ts'
import { systemRandom } from '../../src/platform/random.ts'
import { bumpEpoch } from '../../src/store/change-epochs.ts'
import { upsertIpFilter } from '../../src/store/ip-filters.ts'
import type { Filled } from './fill.ts'

const BATCH = 5000

/** Adds a long blocklist of networks of all lengths to a running daemon. None contains this machine. */
export async function fillRules({ openDatabase }: Filled, count: number): Promise<void> {
  const db = await openDatabase()
  const random = systemRandom(systemClock)
  const now = systemClock.now()
  try {
    for (let at = 0; at < count; at += BATCH) {
      await db.write(async (trx) => {
        for (let index = at; index < Math.min(at + BATCH, count); index += 1) {
          const cidr =
            index % 2 === 0
              ? `${130 + (index % 90)}.${(index >> 8) & 255}.${index & 255}.0/${index % 4 === 0 ? 24 : 25}`
              : `2001:db8:${(index & 0xffff).toString(16)}:${(index >> 16).toString(16)}::/${48 + (index % 17)}`
          const common = { reason: 'bench', createdAt: now, createdBy: 'bench', expiresAt: null }
          await upsertIpFilter(trx, { id: random.id('ipf'), cidr, action: 'block', scope: 'all', ...common })
        }
        await bumpEpoch(trx, 'ip_filters')
      })
    }
  } finally {
    await db.close()
  }
  // The daemon checks every second and loads them with its next request.
  await wait(1500)
}
