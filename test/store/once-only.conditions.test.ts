import { expect, test } from 'vitest'
import type { Db } from '../../src/store/db.ts'
import { findSession } from '../../src/store/sessions.ts'
import {
  addProof,
  completeSigninAttempt,
  renewSigninMail,
  takeCodeTry,
  useSigninAttempt,
} from '../../src/store/signin-attempts.ts'
import { markGenerationUsed, rotateSession } from '../../src/store/token-generations.ts'
import { describeOnBoth } from '../support/databases.ts'
import { addAttempt, addSession, changedBy, LATER, NOW, type Statement } from '../support/rows.ts'

/*
 * What a flow has read can be outdated when its statement runs, so the statement judges by itself: if one condition is
 * not met and all others are, it changes nothing.
 */

const NOT_OPEN = {
  'is completed': `completed_at = ${NOW - 1}`,
  'has expired': `expires_at = ${NOW}`,
  'began before a lockdown': 'epoch = -1',
}

function ofAttempt(run: Statement['run']): Statement {
  return { table: 'signin_attempts', add: addAttempt, run }
}

async function addProven(db: Db, id: string): Promise<void> {
  await addAttempt(db, id)
  await db.write((trx) => trx.run(`UPDATE signin_attempts SET proofs = '["email"]' WHERE id = ?`, [id]))
}

/** Its last mail is long enough ago. */
async function addMailed(db: Db, id: string): Promise<void> {
  await addAttempt(db, id)
  await db.write((trx) => trx.run('UPDATE signin_attempts SET mailed_at = ? WHERE id = ?', [NOW - 60, id]))
}

const FINE = ['has no fault']

describeOnBoth('a statement changes nothing if the row', (open) => {
  test('of a refresh was revoked, has ended, or is of another generation or salt', async () => {
    const rotation = { generation: 0, refreshSalt: 'salt', now: NOW, idleExpiresAt: LATER }
    const refresh: Statement = {
      table: 'sessions',
      add: addSession,
      run: (trx, id) => rotateSession(trx, { id, ...rotation }),
    }

    const changed = await changedBy(refresh, await open(), {
      'was revoked': "revoked_at = 1, revoked_by = 'system', revoked_reason = 'signed_out'",
      'has idled out': `idle_expires_at = ${NOW}`,
      'has expired': `expires_at = ${NOW}`,
      'has another generation': 'generation = 1',
      'has another salt': "refresh_salt = 'pepper'",
    })

    expect(changed).toEqual(FINE)
  })

  test('of a session whose token is marked as used has another generation, or was marked before', async () => {
    const db = await open()
    const mark: Statement = {
      table: 'sessions',
      add: addSession,
      run: async (trx, id) => {
        await markGenerationUsed(trx, { id, generation: 0, now: NOW })
        return (await findSession(trx, id))?.generationUsedAt === NOW
      },
    }

    const changed = await changedBy(mark, db, {
      'has another generation': 'generation = 1',
      'was marked before': 'generation_used_at = 1',
    })

    expect(changed).toEqual(FINE)
  })

  test('of a completion is not open', async () => {
    const complete = ofAttempt((trx, id) => completeSigninAttempt(trx, { id, before: [], now: NOW }))

    const changed = await changedBy(complete, await open(), NOT_OPEN)

    expect(changed).toEqual(FINE)
  })

  test('of a mail’s proof is not open, or was spent', async () => {
    const spend = ofAttempt((trx, id) => useSigninAttempt(trx, { id, now: NOW }))

    const changed = await changedBy(spend, await open(), { ...NOT_OPEN, 'was spent': `used_at = ${NOW - 1}` })

    expect(changed).toEqual(FINE)
  })

  test('of a typed code is not open, was spent, or has no code or try left', async () => {
    const count = ofAttempt((trx, id) => takeCodeTry(trx, { id, limit: 5, now: NOW }))

    const changed = await changedBy(count, await open(), {
      ...NOT_OPEN,
      'was spent': `used_at = ${NOW - 1}`,
      'has no code': 'code_mac = NULL',
      'has no try left': 'code_tries = 5',
    })

    expect(changed).toEqual(FINE)
  })

  test('of another mail is not open, holds a proof, or was mailed too recently', async () => {
    const mail = { now: NOW, notSince: NOW - 60, expiresAt: LATER, linkDigest: 'new', codeMac: 'new' }
    const renew = ofAttempt((trx, id) => renewSigninMail(trx, { id, ...mail, codeKind: 'short' }))

    const changed = await changedBy({ ...renew, add: addMailed }, await open(), {
      ...NOT_OPEN,
      'was spent': `used_at = ${NOW - 1}`,
      'holds a proof': `proofs = '["otp"]'`,
      'was mailed too recently': `mailed_at = ${NOW - 59}`,
    })

    expect(changed).toEqual(FINE)
  })

  test('of another proof is not open, has other proofs by now, or names another user', async () => {
    const proof = { userId: 'usr_1', now: NOW, until: LATER }
    const add = ofAttempt((trx, id) => addProof(trx, { id, ...proof, proofs: ['email', 'otp'], before: ['email'] }))

    const changed = await changedBy({ ...add, add: addProven }, await open(), {
      ...NOT_OPEN,
      'has other proofs': `proofs = '["email","passkey"]'`,
      'names another user': "user_id = 'usr_2'",
    })

    expect(changed).toEqual(FINE)
  })
})

describeOnBoth('a refresh', (open) => {
  test('makes a token that is unused, and moves the idle end to the absolute end at most', async () => {
    const db = await open()
    await addSession(db, 'ses_1')
    const next = { id: 'ses_1', generation: 0, refreshSalt: 'salt', now: NOW, idleExpiresAt: LATER + 1 }

    const rotated = await db.write(async (trx) => {
      await markGenerationUsed(trx, { id: 'ses_1', generation: 0, now: NOW })
      await rotateSession(trx, next)
      return await findSession(trx, 'ses_1')
    })

    expect(rotated).toMatchObject({ generation: 1, generationUsedAt: null, idleExpiresAt: LATER })
  })
})
