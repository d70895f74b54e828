import type { Deps } from '../../deps.ts'
import { isInForce, MINUTE } from '../../platform/clock.ts'
import { normalizeCode } from '../../platform/codes.ts'
import { digest } from '../../platform/secret.ts'
import { deleteAnswer, findAnswer, putAnswer } from '../../store/answers.ts'
import type { Trx } from '../../store/db.ts'
import { listUnusedRecoveryCodes } from '../../store/recovery-codes.ts'
import type { OwnedSession } from '../../store/sessions.ts'

/** How long the pages can show new recovery codes again, unless the user confirms before that they are saved. */
const SHOWN_MS = 10 * MINUTE

/** Keeps new codes, sealed, for the pages of the session that made them. Runs in the unit that makes them. */
export async function keepShownCodes(
  deps: Deps,
  trx: Trx,
  { session, codes }: { session: OwnedSession; codes: string[] },
): Promise<void> {
  if (session.delivery !== 'cookie') return
  const now = deps.clock.now()
  const id = idOf(session)
  const sealed = deps.keys.seal(sealContext(id), JSON.stringify(codes))
  const made = { id, bodyDigest: '', holder: null, sessionId: session.id, sealed, createdAt: now }
  await putAnswer(trx, { ...made, expiresAt: now + SHOWN_MS })
}

/** The codes that this session has made and not confirmed as saved. Undefined once others have replaced them. */
export async function findShownCodes(deps: Deps, session: OwnedSession): Promise<string[] | undefined> {
  const id = idOf(session)
  return await deps.db.read(async (sql) => {
    const found = await findAnswer(sql, id)
    if (!found?.sealed || !isInForce(deps.clock.now(), found.createdAt, found.expiresAt)) return undefined
    const codes = JSON.parse(deps.keys.open(sealContext(id), found.sealed)) as string[]
    const unused = new Set((await listUnusedRecoveryCodes(sql, session.userId)).map(({ codeHash }) => codeHash))
    return codes.some((code) => unused.has(digest(normalizeCode(code)))) ? codes : undefined
  })
}

/** The user has saved the codes. They cannot be shown again. */
export async function confirmCodesSaved(deps: Deps, session: OwnedSession): Promise<void> {
  await deps.db.write((trx) => deleteAnswer(trx, idOf(session)))
}

/** No digest of a request has this form. */
function idOf({ id }: OwnedSession): string {
  return `codes ${id}`
}

function sealContext(rowId: string) {
  return { table: 'answers', column: 'sealed', rowId }
}
