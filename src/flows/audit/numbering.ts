import type { Deps } from '../../deps.ts'
import { lockAuditHead, moveAuditHead } from '../../store/audit-head.ts'
import { hasUnsealedAuditLogs, sealAuditLogs } from '../../store/audit-logs.ts'

const SEAL_BATCH = 1000

/**
 * Numbers the rows without a number. On PostgreSQL, commits do not follow ids, so `seq` is the order that this function
 * saw, and readers follow `seq`. Several processes may call it at once: the head's row admits one at a time.
 */
export async function sealAudit(deps: Pick<Deps, 'db'>): Promise<number> {
  let sealed = 0
  while (await deps.db.read(hasUnsealedAuditLogs)) {
    sealed += await deps.db.write(async (trx) => {
      const from = await lockAuditHead(trx)
      const count = await sealAuditLogs(trx, { from, limit: SEAL_BATCH })
      if (count > 0 && !(await moveAuditHead(trx, { from, to: from + count })))
        throw new Error('the audit head moved while it was locked')
      return count
    })
  }
  return sealed
}
