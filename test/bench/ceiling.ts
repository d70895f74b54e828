// A bare prototype of the same work on the same packages, tables and statements, without any of authd's rules: no guards,
// no input checks, no budgets, no locks, no sealing, no jobs. What they cost is what the ratio shows.
import { createServer } from 'node:http'
import Router from '@koa/router'
import { type AuthenticationResponseJSON, verifyAuthenticationResponse } from '@simplewebauthn/server'
import { generateKeyPair, jwtVerify, SignJWT } from 'jose'
import Koa from 'koa'
import { verifySync } from 'otplib'
import { securityHeaders } from '../../src/http/middleware/security-headers.ts'
import { MINUTE, systemClock } from '../../src/platform/clock.ts'
import { createLog } from '../../src/platform/log.ts'
import { systemRandom } from '../../src/platform/random.ts'
import { digest, equalSecrets } from '../../src/platform/secret.ts'
import { insertAuditLog } from '../../src/store/audit-logs.ts'
import type { Trx } from '../../src/store/db.ts'
import { migrate } from '../../src/store/migrate.ts'
import { insertOutbox } from '../../src/store/outbox.ts'
import { takePasskeyChallenge } from '../../src/store/passkey-challenges.ts'
import { findPasskeyByCredential, recordPasskeyUse } from '../../src/store/passkeys.ts'
import { findSession, insertSession } from '../../src/store/sessions.ts'
import {
  completeSigninAttempt,
  findSigninAttempt,
  insertSigninAttempt,
  renewSigninMail,
  type SigninAttempt,
  takeCodeTry,
  useSigninAttempt,
} from '../../src/store/signin-attempts.ts'
import { openSqlite } from '../../src/store/sqlite.ts'
import { rotateSession } from '../../src/store/token-generations.ts'
import { findTotpSecret, useTotpStep } from '../../src/store/totp-secrets.ts'
import { insertUser, recordSignIn } from '../../src/store/users.ts'

const db = openSqlite({ path: process.argv[3] ?? '', busyTimeoutMs: 25 })
await migrate(db, 0)
const random = systemRandom(systemClock)
const log = createLog({ level: 'info', format: 'json', stream: process.stdout })
const { publicKey, privateKey } = await generateKeyPair('ES256')
const SECRET = 'x'.repeat(43)
const OPTIONS = { issuer: 'ceiling', audience: 'ceiling', typ: 'at+jwt', algorithms: ['ES256'] }
const HOUR = 3_600_000

const router = new Router()
router.get('/health', (ctx) => {
  ctx.body = JSON.stringify({ status: 'healthy', timestamp: new Date().toISOString() })
})
router.get('/jwks', (ctx) => {
  ctx.body = '{"keys":[]}'
})
router.get('/session', async (ctx) => {
  const { payload } = await jwtVerify(ctx.get('Authorization').slice(7), publicKey, OPTIONS)
  const session = await db.read((sql) => findSession(sql, String(payload['sid'])))
  ctx.body = JSON.stringify({ session: session?.id, user: session?.user })
})
router.post('/ask', async (ctx) => {
  const email = String((await body(ctx.req))['email'])
  const now = systemClock.now()
  const id = random.id('att')
  await db.write(async (trx) => {
    await insertSigninAttempt(trx, attemptRow(id, email, now))
    const renewal = { id, now, notSince: now, expiresAt: now + HOUR, linkDigest: null }
    await renewSigninMail(trx, { ...renewal, codeMac: digest(SECRET), codeKind: 'short' })
    await insertOutbox(trx, mailRow(id, email, now))
    await audit(trx, 'magic_link.requested', null)
  })
  ctx.status = 201
  ctx.body = JSON.stringify({ token: `${id}.${SECRET}` })
})
router.post('/redeem', async (ctx) => {
  const [id = '', secret = ''] = String((await body(ctx.req))['token']).split('.')
  const now = systemClock.now()
  const [userId, sessionId] = [random.id('usr'), random.id('ses')]
  await db.write(async (trx) => {
    const attempt = await findSigninAttempt(trx, id)
    const email = attempt?.email ?? ''
    const codeMac = await takeCodeTry(trx, { id, limit: 5, now })
    if (!equalSecrets(digest(secret), codeMac ?? '')) throw new Error('wrong')
    if (!(await useSigninAttempt(trx, { id, now }))) throw new Error('used')
    await insertUser(trx, { id: userId, email, emailTyped: email, name: null, emailVerifiedAt: now, createdAt: now })
    if (!(await completeSigninAttempt(trx, { id, before: [], now }))) throw new Error('completed')
    await recordSignIn(trx, { id: userId, now, lang: 'en' })
    await insertSession(trx, sessionRow(sessionId, userId, now))
    for (const type of ['user.registered', 'session.created', 'user.authenticated']) await audit(trx, type, userId)
  })
  ctx.body = JSON.stringify({ access_token: await sign(sessionId), refresh_token: `${sessionId}.0.${SECRET}` })
})
router.post('/refresh', async (ctx) => {
  const [id = '', generation, secret = ''] = String((await body(ctx.req))['token']).split('.')
  const session = await db.read((sql) => findSession(sql, id))
  if (!session || !equalSecrets(secret, SECRET)) throw new Error('wrong')
  const now = systemClock.now()
  const rotation = { id, generation: Number(generation), refreshSalt: SECRET, now, idleExpiresAt: now + HOUR }
  const rotated = await db.write((trx) => rotateSession(trx, rotation))
  ctx.body = JSON.stringify({ access_token: await sign(id), refresh_token: `${id}.${rotated?.generation}.${SECRET}` })
})
router.post('/passkey', async (ctx) => {
  const { challenge_id: id = '', credential, attempt_token = '' } = await body(ctx.req)
  const response = credential as AuthenticationResponseJSON
  const [attemptId = '', secret = ''] = String(attempt_token).split('.')
  const now = systemClock.now()
  const attempt = await db.read((sql) => findSigninAttempt(sql, attemptId))
  if (!attempt || !equalSecrets(digest(secret), attempt.secretDigest)) throw new Error('wrong')
  const asked = { id: String(id), kind: 'signin', boundTo: attemptId, now, ttlMs: 5 * MINUTE } as const
  const expectedChallenge = (await db.write((trx) => takePasskeyChallenge(trx, asked))) ?? ''
  const passkey = await db.read((sql) => findPasskeyByCredential(sql, response.id))
  if (!passkey) throw new Error('unknown')
  const publicKey = new Uint8Array(Buffer.from(passkey.publicKey, 'base64url'))
  const { verified } = await verifyAuthenticationResponse({
    response,
    expectedChallenge,
    expectedOrigin: `http://localhost:${process.argv[2]}`,
    expectedRPID: 'localhost',
    credential: { id: passkey.credentialId, publicKey, counter: 0 },
  })
  if (!verified) throw new Error('wrong')
  const sessionId = random.id('ses')
  await db.write(async (trx) => {
    await recordPasskeyUse(trx, { id: passkey.id, counter: 0, isBackedUp: false, now })
    await finish(trx, { attempt, userId: passkey.userId, sessionId, now })
  })
  ctx.body = JSON.stringify({ access_token: await sign(sessionId) })
})
router.post('/totp', async (ctx) => {
  const { code, attempt_token = '' } = await body(ctx.req)
  const [attemptId = '', secret = ''] = String(attempt_token).split('.')
  const now = systemClock.now()
  const sessionId = random.id('ses')
  await db.write(async (trx) => {
    const attempt = await findSigninAttempt(trx, attemptId)
    if (!attempt || !equalSecrets(digest(secret), attempt.secretDigest)) throw new Error('wrong')
    const userId = attempt.userId ?? ''
    const app = await findTotpSecret(trx, userId)
    const seed = app?.secretSealed ?? ''
    const result = verifySync({ secret: seed, token: String(code), epoch: Math.floor(now / 1000) })
    if (!app || !result.valid || !('timeStep' in result)) throw new Error('wrong')
    if (!(await useTotpStep(trx, app, { step: result.timeStep, keep: 100 }))) throw new Error('used')
    await finish(trx, { attempt, userId, sessionId, now })
  })
  ctx.body = JSON.stringify({ access_token: await sign(sessionId) })
})

const app = new Koa()
app.use(async (ctx, next) => {
  const startedAt = performance.now()
  await next()
  log.info('request', { method: ctx.method, path: ctx.path, status: ctx.status, ms: performance.now() - startedAt })
})
app.use(
  (await securityHeaders({
    publicUrl: 'https://ceiling.example',
    hsts: 'subdomains',
    redirectUrls: [],
  })) as unknown as Koa.Middleware,
)
app.use(router.routes())
const server = createServer(app.callback()).listen(Number(process.argv[2]), '127.0.0.1', () => log.info('listening'))
process.on('SIGTERM', () => {
  server.closeAllConnections()
  server.close(() => db.close())
})

async function body(request: AsyncIterable<Buffer>): Promise<Record<string, unknown>> {
  const chunks: Buffer[] = []
  for await (const chunk of request) chunks.push(chunk)
  return JSON.parse(Buffer.concat(chunks).toString())
}

function attemptRow(id: string, email: string, now: number) {
  const asked = {
    purpose: 'signin',
    boundTo: null,
    userId: null,
    deliver: 'tokens',
    redirectTo: null,
    linkTo: null,
    lang: 'en',
    ip: '127.0.0.1',
    userAgent: null,
  } as const
  const expiresAt = now + HOUR
  return { id, secretDigest: digest(SECRET), email, emailTyped: email, ...asked, createdAt: now, expiresAt }
}

function mailRow(attemptId: string, recipient: string, now: number) {
  const mail = { isDecoy: false, recipient, template: 'signin', lang: 'en', bodySealed: SECRET.repeat(5) }
  return {
    id: random.id('msg'),
    kind: 'mail' as const,
    ...mail,
    eventSeq: null,
    isAwaited: true,
    attemptId,
    createdAt: now,
    expiresAt: now + HOUR,
  }
}

function sessionRow(id: string, userId: string, now: number): Parameters<typeof insertSession>[1] {
  const proven = {
    delivery: 'tokens' as const,
    secretDigest: null,
    amr: ['email'],
    aal: 1,
    isEnrolmentDue: false,
    ip: '127.0.0.1',
    userAgent: null,
  }
  const times = { authTime: now, createdAt: now, lastSeenAt: now, idleExpiresAt: now + HOUR, expiresAt: now + HOUR }
  return { id, userId, ...proven, ...times, generation: 0, refreshSalt: SECRET, refreshedAt: now, epoch: 0 }
}

async function finish(
  trx: Trx,
  { attempt, userId, sessionId, now }: { attempt: SigninAttempt; userId: string; sessionId: string; now: number },
): Promise<void> {
  if (!(await completeSigninAttempt(trx, { id: attempt.id, before: attempt.proofs, now }))) throw new Error('completed')
  await recordSignIn(trx, { id: userId, now, lang: 'en' })
  await insertSession(trx, sessionRow(sessionId, userId, now))
  for (const type of ['session.created', 'user.authenticated']) await audit(trx, type, userId)
}

async function audit(trx: Trx, eventType: string, userId: string | null): Promise<void> {
  const who = { userId, email: null, ip: '127.0.0.1', userAgent: null, sessionId: null, requestId: null }
  const row = { id: random.id('evt'), occurredAt: systemClock.now(), eventType, outcome: 'success', ...who } as const
  await insertAuditLog(trx, { ...row, actor: 'anonymous', metadata: { method: 'email_code' }, personal: {} })
}

function sign(sid: string): Promise<string> {
  const claims = { iss: 'ceiling', aud: 'ceiling', sub: sid, sid, jti: random.id('jti') }
  const jwt = new SignJWT(claims)
    .setProtectedHeader({ alg: 'ES256', typ: 'at+jwt' })
    .setIssuedAt()
    .setExpirationTime('10m')
  return jwt.sign(privateKey)
}
