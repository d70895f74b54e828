import { expect, test } from 'vitest'
import { listScopesInForce, touchApiKey } from '../../src/store/api-keys.ts'
import type { Db } from '../../src/store/db.ts'
import { isKnownDevice } from '../../src/store/devices.ts'
import { keepOldestWayBack, listRestorableAddresses, restoreEmailChange } from '../../src/store/email-changes.ts'
import { clearFailures, giveBackFailure } from '../../src/store/failed-attempts.ts'
import { endInvitations } from '../../src/store/invitations.ts'
import { deleteExpiredIpFilter, listIpFilters } from '../../src/store/ip-filters.ts'
import { deletePasskey, deletePasskeysOf, renamePasskey } from '../../src/store/passkeys.ts'
import { giveBackToBucket } from '../../src/store/rate-limits.ts'
import { deleteRecoveryCodes } from '../../src/store/recovery-codes.ts'
import { endRecoveryLinks } from '../../src/store/recovery-links.ts'
import {
  countLiveSessions,
  listLiveAddresses,
  listProvenSets,
  listSessions,
  listSurplus,
  listUnrevoked,
  replaceProvenSet,
  revokeOvertaken,
  touchSession,
} from '../../src/store/sessions.ts'
import {
  deleteBoundAttempts,
  endSigninAttempts,
  findBoundAttempt,
  forgetAttemptProofs,
  markPreviewed,
  replaceBoundAttempt,
} from '../../src/store/signin-attempts.ts'
import { deleteTotp, findTotpHolders } from '../../src/store/totp-secrets.ts'
import { describeOnBoth } from '../support/databases.ts'
import { addRows, addUser, LATER, NOW, touchedBy } from '../support/rows.ts'

/* What a statement changes, finds or counts, among rows that each miss one of its conditions. */

const REVOKED = { revoked_at: 1, revoked_by: 'system', revoked_reason: 'signed_out' }

/** Each row is named after what is special about it. */
async function withUsers(db: Db): Promise<Db> {
  for (const id of ['ada', 'bob']) await addUser(db, id)
  return db
}

async function addSessions(db: Db, rows: Record<string, string | number | null>[]): Promise<void> {
  const from = { delivery: 'tokens', generation: 0, refresh_salt: '', ip: '192.0.2.1', epoch: 1 }
  const proofs = { amr: '["email"]', aal: 1, auth_time: 500 }
  const times = { created_at: 0, last_seen_at: 0, refreshed_at: 0, idle_expires_at: LATER, expires_at: LATER }
  await addRows(db, 'sessions', { user_id: 'ada', ...from, ...proofs, ...times }, rows)
}

async function addAttempts(db: Db, rows: Record<string, string | number | null>[]): Promise<void> {
  const what = { secret_digest: '', email: 'ada@example.com', deliver: 'tokens', lang: 'en' }
  await addRows(db, 'signin_attempts', { ...what, created_at: 0, expires_at: LATER }, rows)
}

describeOnBoth('of passkeys, codes and apps', (open) => {
  const passkey = {
    ...{ user_id: 'ada', public_key: '', counter: 0, transports: '[]', aaguid: '', name: '' },
    ...{ is_backup_eligible: 0, is_backed_up: 0, created_at: NOW },
  }

  test('one passkey is renamed or removed, and only by its user', async () => {
    const db = await withUsers(await open())
    const rows = ['hers', 'another'].map((id) => ({ id, credential_id: id }))
    await addRows(db, 'passkeys', passkey, [...rows, { id: 'his', credential_id: 'his', user_id: 'bob' }])
    const passkeys = { table: 'passkeys' }

    const touched = [
      await touchedBy(db, passkeys, (trx) => renamePasskey(trx, { id: 'his', userId: 'ada', name: 'Mine' })),
      await touchedBy(db, passkeys, (trx) => renamePasskey(trx, { id: 'hers', userId: 'ada', name: 'Mine' })),
      await touchedBy(db, passkeys, (trx) => deletePasskey(trx, { id: 'his', userId: 'ada' })),
      await touchedBy(db, passkeys, (trx) => deletePasskey(trx, { id: 'hers', userId: 'ada' })),
    ]

    expect(touched).toEqual([[], ['hers'], [], ['hers']])
  })

  test('those of one user that were made since a time are removed', async () => {
    const db = await withUsers(await open())
    const rows = [
      { id: 'before', created_at: NOW - 1 },
      { id: 'since', created_at: NOW },
      { id: 'his', created_at: NOW, user_id: 'bob' },
    ]
    await addRows(
      db,
      'passkeys',
      passkey,
      rows.map((row) => ({ ...row, credential_id: row.id })),
    )
    await addRows(db, 'recovery_codes', { user_id: 'ada', salt: '', code_hash: '' }, rows)
    await addRows(db, 'totp_secrets', { secret_sealed: 'sealed' }, [
      { user_id: 'ada', confirmed_at: NOW },
      { user_id: 'bob', confirmed_at: NOW },
    ])
    const apps = { table: 'totp_secrets', key: 'user_id' }

    const touched = [
      await touchedBy(db, { table: 'passkeys' }, (trx) => deletePasskeysOf(trx, 'ada', NOW)),
      await touchedBy(db, { table: 'recovery_codes' }, (trx) => deleteRecoveryCodes(trx, 'ada', NOW)),
      await touchedBy(db, apps, (trx) => deleteTotp(trx, 'ada', NOW + 1)),
      await touchedBy(db, apps, (trx) => deleteTotp(trx, 'ada', NOW)),
    ]

    expect(touched).toEqual([['since'], ['since'], [], ['ada']])
  })

  test('an app that waits for its first code makes nobody a holder', async () => {
    const db = await withUsers(await open())
    await addRows(db, 'totp_secrets', {}, [
      { user_id: 'ada', secret_sealed: 'sealed' },
      { user_id: 'bob', pending_sealed: 'sealed' },
    ])

    const holders = await db.read((sql) => findTotpHolders(sql, ['ada', 'bob']))

    expect([...holders]).toEqual(['ada'])
  })
})

describeOnBoth('of sessions', (open) => {
  test('the set of proofs is replaced in those of one user that hold it, are not revoked, and are not kept', async () => {
    const db = await withUsers(await open())
    await addSessions(db, [
      { id: 'hers' },
      { id: 'kept' },
      { id: 'his', user_id: 'bob' },
      { id: 'other_proofs', amr: '["otp"]' },
      { id: 'revoked', ...REVOKED },
    ])
    const replaced = { userId: 'ada', from: ['email'], exceptId: 'kept', amr: [], aal: 1 }

    const touched = await touchedBy(db, { table: 'sessions' }, (trx) => replaceProvenSet(trx, replaced))

    expect(touched).toEqual(['hers'])
  })

  test('the sets of proofs of one user are those of unrevoked sessions', async () => {
    const db = await withUsers(await open())
    await addSessions(db, [
      { id: 'hers' },
      { id: 'his', user_id: 'bob', amr: '["otp"]' },
      { id: 'revoked', amr: '["passkey"]', ...REVOKED },
    ])

    const sets = await db.read((sql) => listProvenSets(sql, 'ada'))

    expect(sets).toEqual([['email']])
  })

  test('an epoch ends the first ones after an id that began before it and have not ended, and counts no others', async () => {
    const db = await withUsers(await open())
    await addSessions(db, [
      { id: 's0_at_the_id' },
      { id: 's1_revoked', ...REVOKED },
      { id: 's2_of_the_epoch', epoch: 2 },
      { id: 's3_first' },
      { id: 's4_second' },
      { id: 's5_third' },
    ])
    const epoch = { epoch: 2, after: 's0_at_the_id', limit: 2, now: NOW, by: 'system', reason: 'lockdown' }

    const touched = await touchedBy(db, { table: 'sessions' }, (trx) => revokeOvertaken(trx, epoch))

    expect(touched).toEqual(['s3_first', 's4_second'])
  })

  test('one that is used is touched, unless it was revoked or another use was later', async () => {
    const db = await withUsers(await open())
    await addSessions(db, [
      { id: 'fine' },
      { id: 'another' },
      { id: 'revoked', ...REVOKED },
      { id: 'used_later', last_seen_at: NOW },
    ])
    const use = { now: NOW, idleExpiresAt: LATER - 1 }

    const touched = await touchedBy(db, { table: 'sessions' }, async (trx) => {
      for (const id of ['fine', 'revoked', 'used_later']) await touchSession(trx, { id, ...use })
    })

    expect(touched).toEqual(['fine'])
  })

  const NOT_LIVE = [
    { id: 'revoked', ...REVOKED },
    { id: 'idled_out', idle_expires_at: NOW },
    { id: 'expired', expires_at: NOW },
    { id: 'overtaken', epoch: -1 },
  ]

  test('only live ones are listed and counted', async () => {
    const db = await withUsers(await open())
    await addSessions(db, [{ id: 'fine' }, { id: 'his', user_id: 'bob' }, { id: 'nowhere', ip: null }, ...NOT_LIVE])

    const found = await db.read(async (sql) => ({
      listed: (await listSessions(sql, { userId: 'ada', liveAt: NOW }, 10)).map(({ id }) => id),
      surplus: await listSurplus(sql, { userId: 'ada', liveAt: NOW, keep: 1 }, 10),
      unrevokedSurplus: await listSurplus(sql, { userId: 'ada', keep: 1 }, 10),
      counted: [...(await countLiveSessions(sql, { userIds: ['ada'], now: NOW }))],
      addresses: (await listLiveAddresses(sql, { now: NOW, after: 'a' }, 10)).map(({ id }) => id),
      unrevoked: await listUnrevoked(sql, { userId: 'ada', after: 'idled_out' }, 10),
    }))

    expect(found).toEqual({
      listed: ['nowhere', 'fine'],
      surplus: ['fine'],
      unrevokedSurplus: ['nowhere', 'idled_out', 'fine', 'expired'],
      counted: [['ada', 2]],
      addresses: ['fine', 'his'],
      unrevoked: ['nowhere', 'overtaken'],
    })
  })
})

describeOnBoth('of attempts', (open) => {
  const signinAttempts = { table: 'signin_attempts' }

  test('the one for a purpose of a session is found and replaced', async () => {
    const db = await open()
    await addAttempts(db, [
      { id: 'at1_other_purpose', purpose: 'email_change', bound_to: 'ses_1' },
      { id: 'at2_other_session', purpose: 'stepup', bound_to: 'ses_2' },
      { id: 'at3_of_tomorrow', purpose: 'stepup', bound_to: 'ses_3', created_at: NOW + 100 * 86_400_000 },
      { id: 'at4_fine', purpose: 'stepup', bound_to: 'ses_1' },
    ])
    const bound = { purpose: 'stepup', boundTo: 'ses_1' } as const

    const found = await db.read(async (sql) => [
      (await findBoundAttempt(sql, { ...bound, now: NOW }))?.id,
      (await findBoundAttempt(sql, { ...bound, boundTo: 'ses_3', now: NOW }))?.id,
    ])
    const touched = await touchedBy(db, signinAttempts, (trx) => replaceBoundAttempt(trx, bound))

    expect(found).toEqual(['at4_fine', undefined])
    expect(touched).toEqual(['at4_fine'])
  })

  test('those of one user that hold a proof lose it while they are open', async () => {
    const db = await withUsers(await open())
    const proven = { proofs: '["email","otp"]', user_id: 'ada' }
    await addAttempts(db, [
      { id: 'fine', ...proven },
      { id: 'completed', ...proven, completed_at: 1 },
      { id: 'his', ...proven, user_id: 'bob' },
      { id: 'other_proof', ...proven, proofs: '["passkey"]' },
    ])

    const touched = await touchedBy(db, signinAttempts, (trx) =>
      forgetAttemptProofs(trx, { userId: 'ada', proof: 'otp' }),
    )

    expect(touched).toEqual(['fine'])
  })

  test('those of one address end, except completed ones, once', async () => {
    const db = await open()
    await addAttempts(db, [
      { id: 'fine' },
      { id: 'completed', completed_at: 1 },
      { id: 'his', email: 'bob@example.com' },
      { id: 'over', expires_at: 0 },
    ])

    const touched = await touchedBy(db, signinAttempts, (trx) => endSigninAttempts(trx, 'ada@example.com'))
    const again = await db.write((trx) => endSigninAttempts(trx, 'ada@example.com'))

    expect(touched).toEqual(['fine'])
    expect(again).toBe(0)
  })

  test('those bound to the sessions of one user go', async () => {
    const db = await withUsers(await open())
    await addSessions(db, [{ id: 'ses_hers' }, { id: 'ses_his', user_id: 'bob' }])
    await addAttempts(db, [{ id: 'hers', bound_to: 'ses_hers' }, { id: 'his', bound_to: 'ses_his' }, { id: 'unbound' }])

    const touched = await touchedBy(db, signinAttempts, (trx) => deleteBoundAttempts(trx, 'ada'))

    expect(touched).toEqual(['hers'])
  })

  test('the first visit from elsewhere is the only first one', async () => {
    const db = await open()
    await addAttempts(db, [{ id: 'fine' }, { id: 'another' }, { id: 'visited', previewed_at: 1 }])

    const touched = await touchedBy(db, signinAttempts, async (trx) => {
      for (const id of ['fine', 'visited']) await markPreviewed(trx, { id, now: NOW })
    })

    expect(touched).toEqual(['fine'])
  })
})

describeOnBoth('of links that an operator made', (open) => {
  const made = { secret_digest: '', created_at: NOW, created_by: '', expires_at: LATER }

  test('the unused recovery links of one user end', async () => {
    const db = await withUsers(await open())
    await addRows(db, 'recovery_links', { ...made, user_id: 'ada', removes: '[]' }, [
      { id: 'hers' },
      { id: 'his', user_id: 'bob' },
      { id: 'used', used_at: 1 },
    ])

    const touched = await touchedBy(db, { table: 'recovery_links' }, (trx) => endRecoveryLinks(trx, 'ada'))

    expect(touched).toEqual(['hers'])
  })

  test('the invitations of one user end', async () => {
    const db = await withUsers(await open())
    await addRows(db, 'invitations', { ...made, lang: 'en' }, [
      { id: 'hers', user_id: 'ada' },
      { id: 'his', user_id: 'bob' },
    ])

    const touched = await touchedBy(db, { table: 'invitations' }, (trx) => endInvitations(trx, 'ada'))

    expect(touched).toEqual(['hers'])
  })
})

describeOnBoth('of ways back to an address', (open) => {
  const change = { user_id: 'ada', old_email_typed: '', new_email: '', restore_digest: '', restorable_until: LATER }
  const emailChanges = { table: 'email_changes' }

  async function openWithChanges(): Promise<Db> {
    const db = await withUsers(await open())
    await addRows(
      db,
      'email_changes',
      change,
      [
        { id: 'c1_restored', changed_at: 1, restored_at: 1 },
        { id: 'c2_too_late', changed_at: 2, restorable_until: NOW },
        { id: 'c3_his', changed_at: 3, user_id: 'bob' },
        { id: 'c4_older', changed_at: 4 },
        { id: 'c5_newer', changed_at: 5 },
      ].map((row) => ({ ...row, old_email: row.id })),
    )
    return db
  }

  test('those that one user could still go are listed, the oldest first', async () => {
    const db = await openWithChanges()

    const listed = await db.read((sql) => listRestorableAddresses(sql, { userId: 'ada', now: NOW }, 10))

    expect(listed).toEqual(['c4_older', 'c5_newer'])
  })

  test('only the oldest that is left stays', async () => {
    const db = await openWithChanges()

    const touched = await touchedBy(db, emailChanges, (trx) => keepOldestWayBack(trx, { userId: 'ada', now: NOW }))

    expect(touched).toEqual(['c2_too_late', 'c5_newer'])
  })

  test('one that is over or was gone before is not gone again', async () => {
    const db = await openWithChanges()

    const touched = await touchedBy(db, emailChanges, async (trx) => {
      for (const id of ['c1_restored', 'c2_too_late']) await restoreEmailChange(trx, { id, userId: 'ada', now: NOW })
    })

    expect(touched).toEqual([])
  })
})

describeOnBoth('of what is counted, kept or allowed', (open) => {
  test('a failure is given back to the one count, and only that is cleared', async () => {
    const db = await open()
    await addRows(db, 'failed_attempts', { kind: 'totp', failures: 1, window_ends_at: LATER }, [
      { subject: 'ada' },
      { subject: 'bob' },
      { subject: 'none', failures: 0 },
    ])
    await addRows(db, 'failed_attempts', { kind: 'mail_code', failures: 2, window_ends_at: LATER }, [
      { subject: 'ada' },
      { subject: 'bob' },
    ])
    const counts = () =>
      db.read((sql) => sql.all('SELECT kind, subject, failures FROM failed_attempts ORDER BY kind, subject'))

    await db.write((trx) => giveBackFailure(trx, { kind: 'totp', subject: 'ada' }))
    await db.write((trx) => giveBackFailure(trx, { kind: 'totp', subject: 'none' }))
    const given = await counts()
    await db.write((trx) => clearFailures(trx, { kind: 'mail_code', subject: 'ada' }))

    expect(given).toEqual([
      { kind: 'mail_code', subject: 'ada', failures: 2 },
      { kind: 'mail_code', subject: 'bob', failures: 2 },
      { kind: 'totp', subject: 'ada', failures: 0 },
      { kind: 'totp', subject: 'bob', failures: 1 },
      { kind: 'totp', subject: 'none', failures: 0 },
    ])
    expect(await counts()).toEqual(given.slice(1))
  })

  test('a request is given back to the one bucket whose window is open', async () => {
    const db = await open()
    await addRows(db, 'rate_limits', { policy: 'ip', used: 2, window_ends_at: LATER }, [
      { subject: 'fine' },
      { subject: 'another' },
      { subject: 'over', window_ends_at: NOW },
    ])
    await addRows(db, 'rate_limits', { policy: 'email', used: 2, window_ends_at: LATER }, [{ subject: 'fine' }])

    await db.write(async (trx) => {
      for (const subject of ['fine', 'over']) {
        await giveBackToBucket(trx, { policy: 'ip', subject }, { amount: 1, now: NOW })
      }
    })
    const less = await db.read((sql) => sql.all('SELECT policy, subject FROM rate_limits WHERE used = 1'))

    expect(less).toEqual([{ policy: 'ip', subject: 'fine' }])
  })

  test('a device is known to its user until it expires', async () => {
    const db = await withUsers(await open())
    await addRows(db, 'devices', { user_id: 'ada', created_at: 0, expires_at: LATER }, [
      { device_digest: 'fine' },
      { device_digest: 'expired', expires_at: NOW },
      { device_digest: 'his', user_id: 'bob' },
    ])

    const known = await db.read((sql) =>
      Promise.all(
        ['fine', 'expired', 'his', 'unknown'].map((deviceDigest) =>
          isKnownDevice(sql, { userId: 'ada', deviceDigest, now: NOW }),
        ),
      ),
    )

    expect(known).toEqual([true, false, false, false])
  })

  test('a rule goes once it has expired, and is listed until then', async () => {
    const db = await open()
    const rule = { action: 'block', scope: 'all', reason: '', created_at: 0, created_by: '' }
    await addRows(
      db,
      'ip_filters',
      rule,
      [
        { id: 'r1_forever', expires_at: null },
        { id: 'r2_live', expires_at: NOW + 1 },
        { id: 'r3_expired', expires_at: NOW },
        { id: 'r4_allow', expires_at: NOW, action: 'allow' },
      ].map((row) => ({ ...row, cidr: row.id })),
    )
    const ids = (rows: { id: string }[]) => rows.map(({ id }) => id)

    const listed = await db.read(async (sql) => [
      ids(await listIpFilters(sql, { liveAt: NOW })),
      ids(await listIpFilters(sql, { expiredAt: NOW })),
      ids(await listIpFilters(sql, { action: 'allow' })),
    ])
    const touched = await touchedBy(db, { table: 'ip_filters' }, async (trx) => {
      for (const id of ['r1_forever', 'r2_live', 'r3_expired']) await deleteExpiredIpFilter(trx, id, NOW)
    })

    expect(listed).toEqual([['r1_forever', 'r2_live'], ['r3_expired', 'r4_allow'], ['r4_allow']])
    expect(touched).toEqual(['r3_expired'])
  })

  test('an API key opens nothing after its end, and is marked as used once a while', async () => {
    const db = await open()
    await addRows(db, 'api_keys', { name: '', secret_digest: '', created_at: 0, created_by: '', expires_at: LATER }, [
      { id: 'k1_fine', scopes: '["one"]' },
      { id: 'k2_forever', scopes: '["two"]', expires_at: null },
      { id: 'k3_over', scopes: '["three"]', expires_at: NOW },
      { id: 'k4_revoked', scopes: '["four"]', revoked_at: 1 },
      { id: 'k5_just_used', scopes: '["five"]', last_used_at: NOW - 60 },
    ])

    const inForce = await db.read((sql) => listScopesInForce(sql, NOW))
    const touched = await touchedBy(db, { table: 'api_keys' }, async (trx) => {
      for (const id of ['k1_fine', 'k5_just_used']) await touchApiKey(trx, { id, now: NOW, notSince: NOW - 60 })
    })

    expect(inForce.flat().sort()).toEqual(['five', 'one', 'two'])
    expect(touched).toEqual(['k1_fine'])
  })
})
