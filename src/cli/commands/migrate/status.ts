import { listMigrations } from '../../../flows/operator/schema.ts'
import { toRfc3339 } from '../../../platform/clock.ts'
import { openStore } from '../../../startup/open-database.ts'
import { command } from '../../command.ts'
import { becomeOwner } from '../../privileges.ts'

export default command({
  hasColumns: true,
  examples: ['authd migrate status'],
  async run({ flags, out, loadConfig }) {
    const { config } = await loadConfig()
    becomeOwner(config.dataDir)
    const db = await openStore(config, 'cli', { timeoutMs: flags.timeout })
    try {
      const rows = (await listMigrations(db)).map(({ id, appliedAt, isUnknown }) => ({
        id,
        state: isUnknown ? 'unknown' : appliedAt === null ? 'pending' : 'applied',
        applied_at: appliedAt === null ? null : toRfc3339(appliedAt),
      }))
      out.list(rows, [
        { header: 'ID', value: ({ id }) => id },
        { header: 'STATE', value: ({ state }) => state },
        { header: 'APPLIED', value: ({ applied_at }) => applied_at, isTime: true },
      ])
      if (rows.some(({ state }) => state === 'unknown')) out.hint('A newer authd has migrated this database.')
      if (rows.some(({ state }) => state !== 'applied')) process.exitCode = 1
    } finally {
      await db.close()
    }
  },
})
