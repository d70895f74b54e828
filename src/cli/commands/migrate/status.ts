import { toRfc3339 } from '../../../platform/clock.ts'
import { OperatorCommand } from '../../command.ts'
import { becomeOwner } from '../../privileges.ts'

export default class MigrateStatus extends OperatorCommand {
  static override summary = 'Which migrations the database has. Exit 1 if some are pending.'

  async run(): Promise<void> {
    const { flags } = await this.parse(MigrateStatus)
    const { listMigrations } = await import('../../../flows/operator/setup.ts')
    const { openStore } = await import('../../../startup/database.ts')
    const { config } = await this.loadConfig(flags)
    becomeOwner(config.dataDir)
    const db = await openStore(config, 'cli')
    try {
      const rows = (await listMigrations(db)).map(({ id, appliedAt }) => ({
        id,
        state: appliedAt === null ? 'pending' : 'applied',
        applied_at: appliedAt === null ? null : toRfc3339(appliedAt),
      }))
      this.output(flags).list(rows, [
        { header: 'ID', value: ({ id }) => id },
        { header: 'STATE', value: ({ state }) => state },
        { header: 'APPLIED', value: ({ applied_at }) => applied_at, isTime: true },
      ])
      if (rows.some(({ state }) => state === 'pending')) process.exitCode = 1
    } finally {
      await db.close()
    }
  }
}
