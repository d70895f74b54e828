// A bare prototype of the same work on the same packages: what authd's own rules and checks are measured against.
import { mkdtempSync, rmSync } from 'node:fs'
import { createServer } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import Router from '@koa/router'
import { generateKeyPair, jwtVerify, SignJWT } from 'jose'
import Koa from 'koa'
import { securityHeaders } from '../../src/http/middleware/security-headers.ts'
import { createLog } from '../../src/platform/log.ts'
import { digest, equalSecrets } from '../../src/platform/secret.ts'
import type { Trx } from '../../src/store/db.ts'
import { openSqlite } from '../../src/store/sqlite.ts'

const folder = mkdtempSync(join(tmpdir(), 'authd-ceiling-'))
const db = openSqlite({ path: join(folder, 'ceiling.db'), busyTimeoutMs: 25 })
const log = createLog({ level: 'info', format: 'json', stream: process.stdout })
const { publicKey, privateKey } = await generateKeyPair('ES256')
const SECRET = 'x'.repeat(43)
const DIGEST = digest(SECRET)
const OPTIONS = { issuer: 'ceiling', audience: 'ceiling', typ: 'at+jwt', algorithms: ['ES256'] }
const PERSON = 't_person'
let serial = 0

await db.write(async (trx) => {
  await trx.run('CREATE TABLE things (id TEXT PRIMARY KEY, digest TEXT NOT NULL, n INTEGER NOT NULL, body TEXT)')
  await trx.run('CREATE TABLE audit (id TEXT PRIMARY KEY, body TEXT NOT NULL)')
  await trx.run('INSERT INTO things (id, digest, n, body) VALUES (?, ?, 0, ?)', [PERSON, DIGEST, 'person'])
})

const router = new Router()
router.get('/health', (ctx) => {
  ctx.body = JSON.stringify({ status: 'healthy', timestamp: new Date().toISOString() })
})
router.get('/jwks', (ctx) => {
  ctx.body = '{"keys":[]}'
})
router.get('/session', async (ctx) => {
  const { payload } = await jwtVerify(ctx.get('Authorization').slice(7), publicKey, OPTIONS)
  const row = await db.read((sql) =>
    sql.one<{ id: string }>('SELECT * FROM things WHERE id = ?', [String(payload['sid'])]),
  )
  ctx.body = JSON.stringify({ session: row?.id })
})
router.post('/ask', async (ctx) => {
  const input = await body(ctx.req)
  const id = newId()
  await db.write(async (trx) => {
    await insert(trx, id, JSON.stringify(input))
    await insert(trx, `${id}mail`, 'sealed')
    await audit(trx, 'asked')
  })
  ctx.status = 201
  ctx.body = JSON.stringify({ token: `${id}.${SECRET}` })
})
router.post('/redeem', async (ctx) => {
  const [id = '', secret = ''] = String((await body(ctx.req))['token']).split('.')
  const session = newId()
  await db.write(async (trx) => {
    const row = await trx.one<{ digest: string }>('SELECT * FROM things WHERE id = ?', [id])
    if (!row || !equalSecrets(digest(secret), row.digest)) throw new Error('wrong')
    // The person is read and held; the try is counted, with the day's; the proof is spent, the attempt completed, the person seen.
    await trx.one('SELECT * FROM things WHERE id = ?', [PERSON])
    for (const counted of [id, PERSON]) await trx.run('UPDATE things SET n = n + 1 WHERE id = ? AND n >= 0', [counted])
    if ((await trx.run('UPDATE things SET n = -1 WHERE id = ? AND n = 1', [id])) !== 1) throw new Error('used')
    if ((await trx.run('UPDATE things SET n = -2 WHERE id = ? AND n = -1', [id])) !== 1) throw new Error('completed')
    await trx.run('UPDATE things SET body = ? WHERE id = ?', ['seen', PERSON])
    // Everybody who signs in here is new.
    await insert(trx, newId(), 'person')
    await audit(trx, 'registered')
    await insert(trx, session, 'session')
    await audit(trx, 'authenticated')
    await audit(trx, 'session created')
  })
  ctx.body = JSON.stringify({ access_token: await sign(session), refresh_token: `${session}.${SECRET}` })
})
router.post('/refresh', async (ctx) => {
  const [id = '', secret = ''] = String((await body(ctx.req))['token']).split('.')
  const row = await db.read((sql) => sql.one<{ digest: string; n: number }>('SELECT * FROM things WHERE id = ?', [id]))
  if (!row || !equalSecrets(digest(secret), row.digest)) throw new Error('wrong')
  await db.write((trx) => trx.run('UPDATE things SET n = n + 1 WHERE id = ? AND n = ?', [id, row.n]))
  ctx.body = JSON.stringify({ access_token: await sign(id), refresh_token: `${id}.${SECRET}` })
})

const app = new Koa()
app.use(async (ctx, next) => {
  const startedAt = performance.now()
  await next()
  log.info('request', { method: ctx.method, path: ctx.path, status: ctx.status, ms: performance.now() - startedAt })
})
app.use(
  (await securityHeaders({ publicUrl: 'https://ceiling.example', redirectUrls: [] })) as unknown as Koa.Middleware,
)
app.use(router.routes())
const server = createServer(app.callback()).listen(Number(process.argv[2]), '127.0.0.1', () => log.info('listening'))
process.on('SIGTERM', () => {
  server.closeAllConnections()
  server.close(async () => {
    await db.close()
    rmSync(folder, { recursive: true })
  })
})

function newId(): string {
  serial += 1
  return `t_${String(serial).padStart(12, '0')}`
}

async function body(request: AsyncIterable<Buffer>): Promise<Record<string, unknown>> {
  const chunks: Buffer[] = []
  for await (const chunk of request) chunks.push(chunk)
  return JSON.parse(Buffer.concat(chunks).toString())
}

async function insert(trx: Trx, id: string, text: string): Promise<void> {
  await trx.run('INSERT INTO things (id, digest, n, body) VALUES (?, ?, 0, ?)', [id, DIGEST, text])
}

async function audit(trx: Trx, text: string): Promise<void> {
  await trx.run('INSERT INTO audit (id, body) VALUES (?, ?)', [newId(), text])
}

function sign(sid: string): Promise<string> {
  const claims = { iss: 'ceiling', aud: 'ceiling', sub: sid, sid, jti: newId() }
  const jwt = new SignJWT(claims)
    .setProtectedHeader({ alg: 'ES256', typ: 'at+jwt' })
    .setIssuedAt()
    .setExpirationTime('10m')
  return jwt.sign(privateKey)
}
