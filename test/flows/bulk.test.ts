import { expect, test } from 'vitest'
import type { Deps } from '../../src/deps.ts'
import { addIpFilters, pruneIpFilters, removeIpFilters } from '../../src/flows/limits/ip-filter-admin.ts'
import { beginLockdown } from '../../src/flows/operator/lockdown.ts'
import { enqueueMail } from '../../src/flows/outbox/mail-sending.ts'
import { cancelMails, idsOf, retryQueued } from '../../src/flows/outbox/queue-admin.ts'
import { addWebhook } from '../../src/flows/outbox/webhook-endpoint.ts'
import { unlockUsers } from '../../src/flows/policy/lockout-admin.ts'
import { SYSTEM } from '../../src/flows/record-event.ts'
import { revokeByOperator } from '../../src/flows/sessions/session-admin.ts'
import { addUsers } from '../../src/flows/users/add.ts'
import { disableUsers, enableUsers } from '../../src/flows/users/disable.ts'
import { inviteUsers } from '../../src/flows/users/invitation.ts'
import { DAY, HOUR } from '../../src/platform/clock.ts'
import { parseEmailAddress } from '../../src/platform/email-address.ts'
import { setFailureCount } from '../../src/store/failed-attempts.ts'
import { listSessions } from '../../src/store/sessions.ts'
import { findUserByEmail } from '../../src/store/users.ts'
import { type Authd, startAuthd } from '../support/harness.ts'
import { signInForTokens } from '../support/people.ts'
import { watchUnits } from '../support/units.ts'
import { webhookReceiver } from '../support/webhook-receiver.ts'

/** More than one unit changes. */
const MANY = 250
/** Rows of one unit: a hundred things, each with up to five rows that belong to it. */
const MOST_ROWS = 600

const numbers = Array.from({ length: MANY }, (_, n) => n)
const names = numbers.map((n) => `user${n}@example.com`)
const emails = names.flatMap((name) => parseEmailAddress(name) ?? [])
const networks = numbers.map((n) => `203.0.${n}.0/24`)

const add = (deps: Deps) => addUsers(deps, SYSTEM, { emails, name: null, isVerified: true, mayExist: false })
const invite = (deps: Deps) => inviteUsers(deps, SYSTEM, { emails, ttlMs: DAY, lang: 'en', mustSend: true, name: null })

async function block(deps: Deps, expiresAt: number | null): Promise<void> {
  const rules = networks.map((cidr) => ({ cidr, reason: 'scans' }))
  const how = { action: 'block', scope: 'all', expiresAt, keepSessions: false, own: undefined } as const
  await addIpFilters(deps, SYSTEM, { ...how, rules, acceptsLockout: true })
}

/** Copies of one session, with other ids. */
async function sessions({ deps, ...authd }: Authd): Promise<void> {
  await signInForTokens({ deps, ...authd })
  await deps.db.write(async (trx) => {
    const [first] = await listSessions(trx, {}, 1)
    for (const _ of numbers) {
      await trx.run(
        `INSERT INTO sessions (id, user_id, delivery, amr, aal, is_enrolment_due, auth_time, created_at, last_seen_at,
           idle_expires_at, expires_at, generation, refresh_salt, refreshed_at, epoch, ip)
         SELECT ?, user_id, delivery, amr, aal, is_enrolment_due, auth_time, created_at, last_seen_at, idle_expires_at,
           expires_at, generation, refresh_salt, refreshed_at, epoch, '203.0.1.9' FROM sessions WHERE id = ?`,
        [deps.random.id('ses'), first?.id ?? ''],
      )
    }
  })
}

async function queueMails(deps: Deps): Promise<void> {
  await deps.db.write(async (trx) => {
    const expiresAt = deps.clock.now() + HOUR
    const values = { occurred_at: '2026-01-01T00:00:00Z', expires_days: '1', link: 'https://auth.example.com' }
    for (const to of names) await enqueueMail(deps, trx, { to, template: 'invitation', lang: 'en', values, expiresAt })
  })
}

async function queueDeliveries(authd: Authd): Promise<void> {
  const { url } = await webhookReceiver()
  await addWebhook(authd.deps, SYSTEM, { url, description: 'shop', events: ['*'], allowsPrivate: true })
  await add(authd.deps)
  await authd.sendWebhooks()
}

interface Bulk {
  prepare?: (authd: Authd) => Promise<unknown>
  run(deps: Deps): Promise<unknown>
  /** How many things it changed. */
  changed(result: never, deps: Deps): number | Promise<number>
}

/** Every act of an operator on many things at once. */
const BULK: Record<string, Bulk> = {
  'users add': { run: add, changed: (added: unknown[]) => added.length },
  'users invite': { run: invite, changed: (made: unknown[]) => made.length },
  'users disable': {
    prepare: ({ deps }) => add(deps),
    run: (deps) => disableUsers(deps, SYSTEM, { names, reason: null }),
    changed: (done: { isChanged: boolean }[]) => done.filter(({ isChanged }) => isChanged).length,
  },
  'users enable': {
    prepare: async ({ deps }) => {
      await add(deps)
      await disableUsers(deps, SYSTEM, { names, reason: null })
    },
    run: (deps) => enableUsers(deps, SYSTEM, { names }),
    changed: (done: { isChanged: boolean }[]) => done.filter(({ isChanged }) => isChanged).length,
  },
  'users unlock': {
    prepare: async ({ deps }) => {
      for (const { user } of await add(deps)) {
        const key = { kind: 'totp', subject: user.id }
        await deps.db.write((trx) => setFailureCount(trx, key, { failures: 100, blockedUntil: null }))
      }
    },
    run: (deps) => unlockUsers(deps, SYSTEM, names),
    changed: (done: { cleared: unknown[] }[]) => done.filter(({ cleared }) => cleared.length > 0).length,
  },
  'sessions revoke --all': {
    prepare: sessions,
    run: (deps) => revokeByOperator(deps, SYSTEM, {}),
    changed: (ended: unknown[]) => ended.length - 1,
  },
  'sessions revoke --user': {
    prepare: sessions,
    run: (deps) => revokeByOperator(deps, SYSTEM, { user: 'ada@example.com' }),
    changed: (ended: unknown[]) => ended.length - 1,
  },
  'sessions revoke --older-than': {
    prepare: sessions,
    run: (deps) => revokeByOperator(deps, SYSTEM, { createdBefore: deps.clock.now() + 1 }),
    changed: (ended: unknown[]) => ended.length - 1,
  },
  'lockdown on': {
    prepare: async (authd) => {
      await sessions(authd)
      await invite(authd.deps)
    },
    run: (deps) => beginLockdown(deps, SYSTEM, { reason: null, keepSessions: false }),
    changed: async (_: unknown, { db, clock }) => {
      const users = await db.read((sql) => Promise.all(names.map((name) => findUserByEmail(sql, name))))
      return users.filter((user) => (user?.invitedUntil ?? 0) <= clock.now()).length
    },
  },
  'ipfilter add and import': {
    prepare: sessions,
    run: (deps) => block(deps, null),
    changed: async (_: unknown, deps) =>
      (await removeIpFilters(deps, SYSTEM, { names: networks, acceptsLockout: false })).length,
  },
  'ipfilter remove': {
    prepare: ({ deps }) => block(deps, null),
    run: (deps) => removeIpFilters(deps, SYSTEM, { names: networks, acceptsLockout: false }),
    changed: (removed: unknown[]) => removed.length,
  },
  'ipfilter prune': {
    prepare: ({ deps }) => block(deps, 1),
    run: (deps) => pruneIpFilters(deps, SYSTEM),
    changed: (removed: unknown[]) => removed.length,
  },
  'email retry': {
    prepare: ({ deps }) => queueMails(deps),
    run: async (deps) => retryQueued(deps, SYSTEM, { kind: 'mail', ids: await idsOf(deps, { kind: 'mail' }) }),
    changed: (retried: unknown[]) => retried.length,
  },
  'email cancel': {
    prepare: ({ deps }) => queueMails(deps),
    run: async (deps) => cancelMails(deps, SYSTEM, await idsOf(deps, { kind: 'mail' })),
    changed: (cancelled: unknown[]) => cancelled.length,
  },
  'webhooks redeliver': {
    prepare: queueDeliveries,
    run: async (deps) => retryQueued(deps, SYSTEM, { kind: 'webhook', ids: await idsOf(deps, { kind: 'webhook' }) }),
    // The first event tells of the endpoint itself.
    changed: (retried: unknown[]) => Math.min(retried.length, MANY),
  },
}

test.each(Object.entries(BULK))('%s changes many things in units of few rows', async (_, bulk) => {
  const authd = await startAuthd()
  await bulk.prepare?.(authd)
  const { db, largest } = watchUnits(authd.deps.db)

  const result = await bulk.run({ ...authd.deps, db })

  expect(await bulk.changed(result as never, authd.deps)).toBe(MANY)
  expect(largest()).toBeGreaterThan(0)
  expect(largest()).toBeLessThanOrEqual(MOST_ROWS)
})
