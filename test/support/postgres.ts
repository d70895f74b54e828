import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { connect } from 'node:net'
import { Client } from 'pg'
import { inject } from 'vitest'

export interface FreshPostgres {
  url: string
  name: string
  drop(): Promise<void>
}

/** A database on the PostgreSQL of this test run, which starts if this is the first. Empty, or a copy of the template. */
export async function freshPostgres(template = 'template1'): Promise<FreshPostgres> {
  const folder = await askWherePostgresIs()
  const name = `t_${randomBytes(6).toString('hex')}`
  await run(folder, `CREATE DATABASE ${name} TEMPLATE ${template}`)
  return {
    url: urlOf(folder, name),
    name,
    drop: () => run(folder, `DROP DATABASE IF EXISTS ${name} WITH (FORCE)`),
  }
}

/** Ends all connections to a database and refuses new ones, until they are allowed again. */
export async function refuseConnections(name: string): Promise<{ allow(): Promise<void> }> {
  const folder = await askWherePostgresIs()
  await run(folder, `ALTER DATABASE ${name} ALLOW_CONNECTIONS false`)
  await run(folder, `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '${name}'`)
  return { allow: () => run(folder, `ALTER DATABASE ${name} ALLOW_CONNECTIONS true`) }
}

export async function askWherePostgresIs(): Promise<string> {
  const socket = connect(inject('postgresDoor'))
  await once(socket, 'connect')
  const answer = await socket.setEncoding('utf8').toArray()
  if (answer.length === 0) throw new Error('PostgreSQL did not start; see above')
  return answer.join('')
}

function urlOf(folder: string, database: string): string {
  return `postgres://postgres@localhost/${database}?host=${encodeURIComponent(folder)}`
}

async function run(folder: string, sql: string): Promise<void> {
  const client = new Client({ connectionString: urlOf(folder, 'postgres') })
  await client.connect()
  try {
    await client.query(sql)
  } finally {
    await client.end()
  }
}
