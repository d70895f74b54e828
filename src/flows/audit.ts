import type { Deps } from '../deps.ts'
import { lockAuditHead, moveAuditHead } from '../store/audit-head.ts'
import {
  type AuditFilter,
  type AuditLog,
  findLastAuditSeq,
  hasUnsealedAuditLogs,
  listAuditLogsAfter,
  listLastAuditLogs,
  sealAuditLogs,
} from '../store/audit-logs.ts'

const SEAL_BATCH = 1000

/**
 * Numbers the rows that have no number yet. On PostgreSQL commits do not follow ids, so the order of the log is the
 * one the sealer saw, and whoever follows the log follows `seq`. Any number of processes may call it: the head's row
 * lets one at a time through.
 */
export async function sealAudit(deps: Pick<Deps, 'db'>): Promise<number> {
  let sealed = 0
  while (await deps.db.read(hasUnsealedAuditLogs)) {
    sealed += await deps.db.write(async (trx) => {
      const from = await lockAuditHead(trx)
      const count = await sealAuditLogs(trx, { from, limit: SEAL_BATCH })
      if (count > 0 && !(await moveAuditHead(trx, { from, to: from + count })))
        throw new Error('audit head moved while held')
      return count
    })
  }
  return sealed
}

/** The last events that match, in order. */
export async function tailAudit(deps: Pick<Deps, 'db'>, filter: AuditFilter, limit: number): Promise<AuditLog[]> {
  return await deps.db.read((sql) => listLastAuditLogs(sql, filter, limit))
}

/** What has been sealed after that number, in order; none is ever missed by going on from the last one seen. */
export async function followAudit(
  deps: Pick<Deps, 'db'>,
  filter: AuditFilter,
  page: { after: number; limit: number },
): Promise<AuditLog[]> {
  return await deps.db.read((sql) => listAuditLogsAfter(sql, filter, page))
}

/** Where the log ends now. */
export async function lastAuditSeq(deps: Pick<Deps, 'db'>): Promise<number> {
  return await deps.db.read(findLastAuditSeq)
}
