import { AuthdError } from '../errors.ts'
import type { Sql } from '../store/db.ts'
import { findSystemConfig } from '../store/system-config.ts'

/** In a database that was copied: the id under which its copies know it. */
export const COPY_SOURCE = 'copy.source'
/** In a copy that is not finished: the id of its source, and which run of the command writes it. */
export const COPY_OF = 'copy.of'
/** In a database whose copy is in its last step or finished: which run has closed it, and where the copy is. */
export const COPY_CLOSED = 'copy.closed'

/** In a database that a backup is restored into, until all is ended that must not be valid again. */
export const RESTORING = 'copy.restoring'

/** Why no process may work with this database, if a copy or a restore is the reason. */
export async function copyRefusal(
  sql: Sql,
  { mayBeRestoring = false }: { mayBeRestoring?: boolean | undefined } = {},
): Promise<AuthdError | undefined> {
  if (!mayBeRestoring && (await findSystemConfig(sql, RESTORING)) !== undefined) {
    return new AuthdError('CONFIG_INVALID', {
      message: 'A restore into this database was not finished. Restore the backup into another, empty database.',
      suggestions: ['authd help backup restore'],
    })
  }
  const closed = await findSystemConfig(sql, COPY_CLOSED)
  if (closed !== undefined) {
    const to = closed.slice(closed.indexOf(' ') + 1)
    return new AuthdError('CONFIG_INVALID', {
      message: `This database is closed, because a copy takes its place: ${to}. Name the copy in the configuration if it is finished.`,
      suggestions: ['authd config reference database.url', 'authd db reopen'],
    })
  }
  if ((await findSystemConfig(sql, COPY_OF)) === undefined) return undefined
  return new AuthdError('CONFIG_INVALID', {
    message: 'This database is a copy of another one, and is not finished. Use the other one, and finish the copy.',
    suggestions: ['authd help db copy'],
  })
}
