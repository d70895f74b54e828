import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { createServer } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import Koa from 'koa'
import { migrate } from '../../src/store/migrate.ts'
import { openDatabase } from '../../src/store/open.ts'
import { type Figures, measure, time } from './measure.ts'

/** Reference speeds of this machine in the same run, to compare as ratios. Server and client share a process here. */
export async function references(milliseconds: number): Promise<(Figures & { name: string })[]> {
  const koa = new Koa()
  koa.use((ctx) => {
    ctx.body = '{"status":"healthy"}'
  })
  return [
    { name: 'bare node:http', ...(await http((_, response) => response.end('{"status":"healthy"}'), milliseconds)) },
    { name: 'bare koa', ...(await http(koa.callback(), milliseconds)) },
    ...(await commits(milliseconds)),
  ]
}

async function http(listener: Parameters<typeof createServer>[1], milliseconds: number): Promise<Figures> {
  const server = createServer(listener).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  const port = typeof address === 'object' ? (address?.port ?? 0) : 0
  const get = async (connection: { call(method: string, path: string): Promise<unknown> }) => {
    await connection.call('GET', '/')
    return true
  }
  const figures = await measure(get, { port, concurrency: 32, milliseconds, pid: process.pid })
  server.close()
  return figures
}

/** One durable insert, alone and with others that share the commit. */
async function commits(milliseconds: number): Promise<(Figures & { name: string })[]> {
  const folder = await mkdtemp(join(tmpdir(), 'authd-bench-'))
  const db = await openDatabase({ path: join(folder, 'reference.db'), busyTimeoutMs: 25, poolSize: 1, jitter: () => 0 })
  await migrate(db, 0)
  let key = 0
  const insert = async () => {
    key += 1
    const topic = `k${key}`
    await db.write((trx) => trx.run('INSERT INTO change_epochs (topic, epoch) VALUES (?, 1)', [topic]))
    return true
  }
  const rows = []
  for (const concurrency of [1, 32]) {
    rows.push({ name: 'SQLite commit', ...(await time(concurrency, { milliseconds, pid: process.pid }, insert)) })
  }
  await db.close()
  await rm(folder, { recursive: true })
  return rows
}
