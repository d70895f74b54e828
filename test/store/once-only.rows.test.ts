import { expect, test } from 'vitest'
import { insertApiKey, revokeApiKey } from '../../src/store/api-keys.ts'
import type { Db } from '../../src/store/db.ts'
import {
  acceptOutbox,
  cancelOutbox,
  finishOutbox,
  insertOutbox,
  postponeOutbox,
  releaseMail,
} from '../../src/store/outbox.ts'
import { listUnusedRecoveryCodes, replaceRecoveryCodes, useRecoveryCode } from '../../src/store/recovery-codes.ts'
import { insertRecoveryLink, useRecoveryLink } from '../../src/store/recovery-links.ts'
import { renewSession, revokeSessions } from '../../src/store/sessions.ts'
import { confirmTotp, findTotpSecret, putPendingTotp, useTotpStep } from '../../src/store/totp-secrets.ts'
import { inviteUser, markUserDisabled, markUserEnabled, verifyUserEmail } from '../../src/store/users.ts'
import {
  insertWebhookEndpoint,
  pauseWebhookEndpoint,
  releaseWebhookEndpoint,
} from '../../src/store/webhook-endpoints.ts'
import { describeOnBoth } from '../support/databases.ts'
import { addSession, addUser, changedBy, LATER, NOW, type Statement } from '../support/rows.ts'

/*
 * As in once-only.conditions.test.ts: a statement judges its row by itself, because what a flow has read can be outdated.
 */

const FINE = ['has no fault']

async function addRecoveryLink(db: Db, id: string): Promise<void> {
  await addUser(db, `usr_of_${id}`)
  const link = { id, userId: `usr_of_${id}`, secretDigest: '', removes: [], createdAt: 0, createdBy: '' }
  await db.write((trx) => insertRecoveryLink(trx, { ...link, expiresAt: LATER }))
}

async function addRecoveryCode(db: Db, id: string): Promise<void> {
  await addUser(db, `usr_of_${id}`)
  const code = { id, salt: '', codeHash: '', createdAt: 0 }
  await db.write((trx) => replaceRecoveryCodes(trx, `usr_of_${id}`, [code]))
}

/** With an app that waits for its first code. */
async function addPendingApp(db: Db, userId: string): Promise<void> {
  await addUser(db, userId)
  await db.write((trx) =>
    putPendingTotp(trx, { userId, sessionId: 'ses_1', pendingSealed: 'sealed', expiresAt: LATER }),
  )
}

const STEP = 100

/** With an app in force whose step before STEP is spent. */
async function addApp(db: Db, userId: string): Promise<void> {
  await addPendingApp(db, userId)
  await db.write((trx) =>
    confirmTotp(trx, { userId, sessionId: 'ses_1', pendingSealed: 'sealed', step: STEP - 1, now: NOW }),
  )
}

/** With a mail that a worker tries for the first time. */
async function addMail(db: Db, id: string): Promise<void> {
  const what = { isDecoy: false, recipient: 'ada@example.com', template: 'signin', lang: 'en', bodySealed: 'sealed' }
  const when = { attemptId: null, eventSeq: null, isAwaited: true, createdAt: 0, expiresAt: LATER }
  await db.write(async (trx) => {
    await insertOutbox(trx, { id, kind: 'mail', ...what, ...when })
    await trx.run("UPDATE outbox SET tries = 1, owner = 'node' WHERE id = ?", [id])
  })
}

/** With an endpoint that a worker delivers to. */
async function addEndpoint(db: Db, id: string): Promise<void> {
  const what = { url: 'https://example.com', description: '', events: [], allowsPrivate: false, secretSealed: '' }
  await db.write(async (trx) => {
    await insertWebhookEndpoint(trx, { id, ...what, createdAt: 0, createdBy: '', cursorSeq: 0 })
    await trx.run('UPDATE webhook_endpoints SET busy_until = ? WHERE id = ?', [LATER, id])
  })
}

async function addKey(db: Db, id: string): Promise<void> {
  const key = {
    id,
    name: '',
    secretDigest: '',
    scopes: [],
    createdAt: 0,
    createdBy: '',
    expiresAt: null,
    network: null,
  }
  await db.write((trx) => insertApiKey(trx, key))
}

async function addDisabledUser(db: Db, id: string): Promise<void> {
  await addUser(db, id)
  await db.write((trx) => markUserDisabled(trx, { id, now: NOW, reason: null }))
}

describeOnBoth('a statement changes nothing if the row', (open) => {
  test('of a recovery link was used or has ended', async () => {
    const spend: Statement = {
      table: 'recovery_links',
      add: addRecoveryLink,
      run: (trx, id) => useRecoveryLink(trx, { id, now: NOW }),
    }

    const changed = await changedBy(spend, await open(), {
      'was used': `used_at = ${NOW - 1}`,
      'has ended': `expires_at = ${NOW}`,
    })

    expect(changed).toEqual(FINE)
  })

  test('of a recovery code was used', async () => {
    const used = { 'was used': `used_at = ${NOW - 1}` }
    const codes = { table: 'recovery_codes', add: addRecoveryCode }
    const db = await open()

    const spent = await changedBy({ ...codes, run: (trx, id) => useRecoveryCode(trx, { id, now: NOW }) }, db, used)
    const listed = await db.read((sql) => listUnusedRecoveryCodes(sql, 'usr_of_was_used'))

    expect(spent).toEqual(FINE)
    expect(listed).toEqual([])
  })

  test('of a pending authenticator app waits for another secret or session, or no more', async () => {
    const confirm: Statement = {
      table: 'totp_secrets',
      key: 'user_id',
      add: addPendingApp,
      run: (trx, userId) =>
        confirmTotp(trx, { userId, sessionId: 'ses_1', pendingSealed: 'sealed', step: STEP, now: NOW }),
    }

    const changed = await changedBy(confirm, await open(), {
      'waits for another secret': "pending_sealed = 'other'",
      'waits for another session': "pending_session_id = 'ses_2'",
      'waits for none': 'pending_sealed = NULL',
      'has waited too long': `pending_expires_at = ${NOW}`,
    })

    expect(changed).toEqual(FINE)
  })

  test('of an authenticator app is not as it was read, or has spent this step', async () => {
    const read = {
      secretSealed: 'sealed',
      confirmedAt: NOW,
      pendingSealed: null,
      pendingExpiresAt: null,
      pendingSessionId: null,
    }
    const spend: Statement = {
      table: 'totp_secrets',
      key: 'user_id',
      add: addApp,
      run: (trx, userId) => useTotpStep(trx, { ...read, userId, spentSteps: [STEP - 1] }, { step: STEP, keep: 100 }),
    }

    const changed = await changedBy(spend, await open(), {
      'is not in force': 'secret_sealed = NULL',
      'is another app': "secret_sealed = 'other'",
      'has spent this step': `spent_steps = '[${STEP - 1},${STEP}]'`,
    })

    expect(changed).toEqual(FINE)
  })

  test('of an authenticator app has spent the step, or a hundred later ones', async () => {
    const db = await open()
    await addApp(db, 'ada')
    const use = (step: number) =>
      db.write(async (trx) => {
        const app = await findTotpSecret(trx, 'ada')
        return app ? await useTotpStep(trx, app, { step, keep: 100 }) : undefined
      })
    const answers: Record<number, unknown> = {}

    for (let step = STEP + 1; step < STEP + 101; step += 1) await use(step)
    for (const step of [STEP + 50, STEP - 1, STEP, STEP + 101, STEP + 200, STEP + 150]) answers[step] = await use(step)

    expect(answers).toEqual({ 99: false, 100: false, 150: false, 201: true, 300: true, 250: true })
  })

  test('of a session that gets another secret, or ends, was revoked', async () => {
    const revoked = { 'was revoked': "revoked_at = 1, revoked_by = 'system', revoked_reason = 'signed_out'" }
    const proven = { secretDigest: null, refreshSalt: '', amr: [], aal: 2, authTime: NOW, isEnrolmentDue: false }
    const by = { now: NOW, by: 'system', reason: 'signed_out' }
    const session = { table: 'sessions', add: addSession }
    const revoke: Statement['run'] = async (trx, id) => (await revokeSessions(trx, { ids: [id] }, by)).length > 0

    const renewed = await changedBy(
      { ...session, run: (trx, id) => renewSession(trx, { id, ...proven }) },
      await open(),
      revoked,
    )
    const ended = await changedBy({ ...session, run: revoke }, await open(), revoked)

    expect([renewed, ended]).toEqual([FINE, FINE])
  })

  test('of a user is as it should become', async () => {
    const verified = { 'was verified': `email_verified_at = ${NOW - 1}` }
    const users = { table: 'users', add: addUser }
    const disabled = { ...users, add: addDisabledUser }

    const changed = [
      await changedBy({ ...users, run: (trx, id) => verifyUserEmail(trx, { id, now: NOW }) }, await open(), verified),
      await changedBy({ ...users, run: (trx, id) => inviteUser(trx, { id, until: LATER }) }, await open(), verified),
      await changedBy(
        { ...users, run: (trx, id) => markUserDisabled(trx, { id, now: NOW, reason: null }) },
        await open(),
        {
          'was disabled': `disabled_at = ${NOW - 1}`,
        },
      ),
      await changedBy({ ...disabled, run: markUserEnabled }, await open(), { 'was enabled': 'disabled_at = NULL' }),
    ]

    expect(changed).toEqual([FINE, FINE, FINE, FINE])
  })

  test('of a mail is over, or was taken over by another try', async () => {
    const over = {
      'was sent': "state = 'sent'",
      'was cancelled': "state = 'cancelled'",
      'has failed': "state = 'failed'",
    }
    const late = { ...over, 'has expired': "state = 'expired'" }
    const elsewhere = { ...late, 'is tried again': 'tries = 2' }
    const finish = { tries: 1, state: 'failed', now: NOW, error: null } as const
    const mail = { table: 'outbox', add: addMail }

    const changed = [
      await changedBy({ ...mail, run: (trx, id) => finishOutbox(trx, { id, ...finish }) }, await open(), elsewhere),
      await changedBy(
        { ...mail, run: (trx, id) => postponeOutbox(trx, { id, tries: 1, dueAt: LATER, error: '' }) },
        await open(),
        elsewhere,
      ),
      await changedBy({ ...mail, run: (trx, id) => cancelOutbox(trx, { id, now: NOW }) }, await open(), late),
      await changedBy({ ...mail, run: (trx, id) => acceptOutbox(trx, { id, now: NOW }) }, await open(), over),
      await changedBy(
        { ...mail, run: async (trx, id) => (await releaseMail(trx, { id, owner: 'node', dueAt: NOW })) > 0 },
        await open(),
        { ...late, 'is of another node': "owner = 'other'" },
      ),
    ]

    expect(changed).toEqual([FINE, FINE, FINE, FINE, FINE])
  })

  test('of a webhook endpoint is delivered to by another worker, or is paused', async () => {
    const health = { failures: 0, failingSince: null, retryAt: 0, lastSuccessAt: NOW }
    const endpoint = { table: 'webhook_endpoints', add: addEndpoint }

    const released = await changedBy(
      { ...endpoint, run: (trx, id) => releaseWebhookEndpoint(trx, { id, busyUntil: LATER, ...health }) },
      await open(),
      { 'has another worker': `busy_until = ${LATER + 1}`, 'is free': 'busy_until = 0' },
    )
    const paused = await changedBy(
      { ...endpoint, run: (trx, id) => pauseWebhookEndpoint(trx, { id, now: NOW, reason: 'gone' }) },
      await open(),
      { 'is paused': "paused_at = 1, pause_reason = 'operator'" },
    )

    expect([released, paused]).toEqual([FINE, FINE])
  })

  test('of an API key was revoked', async () => {
    const revoke: Statement = {
      table: 'api_keys',
      add: addKey,
      run: (trx, id) => revokeApiKey(trx, { id, now: NOW }),
    }

    const changed = await changedBy(revoke, await open(), { 'was revoked': 'revoked_at = 1' })

    expect(changed).toEqual(FINE)
  })
})
