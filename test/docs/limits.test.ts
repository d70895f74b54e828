import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import type { z } from 'zod'
import { parseConfig } from '../../src/config/load.ts'
import { POLICIES } from '../../src/flows/limits/rate-limit.ts'
import { NOTICE_LIMIT } from '../../src/flows/outbox/notice.ts'
import { WRONG_CODES_A_DAY } from '../../src/flows/policy/code-budget.ts'
import { allEndpoints } from '../../src/http/app.ts'
import { PAGES } from '../../src/http/pages/mount.ts'

const guide = readFileSync(join(import.meta.dirname, '../../docs/integrating.md'), 'utf8')
const section = guide.split('\n## ').find((text) => text.startsWith('Rate limits')) ?? ''

const endpoints = allEndpoints({ version: '0', startedAt: 0, isStopping: () => false, isDevelopment: false })

/** Codes that set a factor up. The caller was shown their secret, so there is nothing to guess. */
const ENROLMENT = ['/v1/me/totp/confirm', '/v1/me/passkeys', '/account/totp', '/account/passkeys']
/** Tokens that have limits of their own. */
const TOKENS = ['/v1/token/revoke', '/v1/token/introspect']

/** The requests that take a code, a passkey, or the token of a link. */
const proofs = [
  ...endpoints.map(({ method, path, limit, body }) => ({ method, path, limit, fields: namesOf(body?.schema) })),
  ...PAGES.map(({ method, path, limit, fields }) => ({ method, path, limit, fields: namesOf(fields) })),
].filter(
  ({ method, path, fields }) =>
    method === 'POST' &&
    ![...ENROLMENT, ...TOKENS].includes(path) &&
    fields.some((name) => ['code', 'credential', 'token'].includes(name)),
)

function namesOf(schema: z.ZodType | undefined): string[] {
  return schema && 'shape' in schema ? Object.keys(schema.shape as object) : []
}

test('every request that takes a proof counts a wrong one as a guess', () => {
  expect(proofs.filter(({ limit }) => limit !== 'guess').map(({ path }) => path)).toEqual([])
  expect(proofs.length).toBeGreaterThan(15)
})

test('every request that mails a code counts as a request of a stranger, also in a session', () => {
  const mailing = ['/v1/signin', '/v1/signin/email', '/v1/stepup/email', '/v1/me/email']
  const pages = ['/signin', '/account/confirm/mail', '/account/email']
  const found = [...endpoints, ...PAGES].filter(
    ({ method, path }) => method === 'POST' && [...mailing, ...pages].includes(path),
  )

  expect(found.map(({ limit }) => limit)).toEqual(Array(7).fill('stranger'))
})

test('the guide lists the requests of the API that count guesses', () => {
  const paragraph = section.split('\n').find((line) => line.startsWith('These requests take a proof.')) ?? ''
  const listed = [...paragraph.matchAll(/`(?:POST )?(\/v1\/[a-z/-]+)`/g)].map(([, path]) => path)
  const api = proofs.map(({ path }) => path).filter((path) => path.startsWith('/v1/'))

  expect(listed.sort()).toEqual(api.sort())
})

test('the guide has the numbers of the limits', () => {
  const { limits } = parseConfig({})
  const rows = section.split('\n').filter((line) => line.startsWith('| ') && /\d/.test(line))
  const numbers = rows.map((row) => Number(/ \| ([\d,]+) /.exec(row)?.[1]?.replaceAll(',', '')))

  expect(numbers).toEqual([
    limits.requestsPerMinute,
    limits.guessesPerHour,
    limits.mailsPerHour,
    POLICIES.email_asker.limit(limits),
    limits.mailsPerHour,
    limits.mailsPerHour,
    limits.totalMailsPerHour,
    NOTICE_LIMIT.count,
    WRONG_CODES_A_DAY,
    limits.sessionRequestsPerMinute,
    limits.keyRequestsPerMinute,
  ])
})
