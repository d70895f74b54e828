import type { Deps } from '../../deps.ts'
import { SECOND } from '../../platform/clock.ts'
import { takeLease } from '../../store/node-leases.ts'

const PROBE = { name: 'write probe', holder: 'anybody' }

/** After a failed write, tries whether the database can be written again. Does nothing while it works. */
export async function probeDatabase({ db, clock, troubles }: Pick<Deps, 'db' | 'clock' | 'troubles'>): Promise<void> {
  if (!troubles.list().some(({ name }) => name === 'database')) return
  const now = clock.now()
  try {
    await db.write((trx) => takeLease(trx, { ...PROBE, now, expiresAt: now + SECOND }))
  } catch {
    // The trouble goes on. The wrapper of the database has noted why.
  }
}
