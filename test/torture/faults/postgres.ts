import { startOwnPostgres } from '../../support/own-postgres.ts'
import { startPgbouncer } from '../../support/pgbouncer.ts'
import { startProxy } from '../../support/postgres-proxy.ts'
import { familyOf, send } from '../support/processes.ts'
import type { Fault, Prepared } from './fault.ts'

const configured = (url: string) => [`[database]\nurl = "${url}"\nauto_migrate = true`]

async function stopped(): Promise<Prepared> {
  const server = await startOwnPostgres()
  const toml = configured(`postgres://postgres@${server.host}/postgres`)
  return { toml, hurt: () => server.stop(), heal: () => server.start() }
}

async function frozen(): Promise<Prepared> {
  const server = await startOwnPostgres()
  const toml = configured(`postgres://postgres@${server.host}/postgres`)
  const all = (signal: NodeJS.Signals) => {
    for (const pid of familyOf(server.pid())) send(signal, pid)
  }
  return { toml, hurt: () => all('SIGSTOP'), heal: () => all('SIGCONT') }
}

async function cutOff(): Promise<Prepared> {
  const server = await startOwnPostgres()
  const network = await startProxy({ host: server.host, port: 5432 })
  return {
    toml: configured(`postgres://postgres@${network.address}/postgres`),
    hurt: () => network.freeze(),
    async heal() {
      await network.close()
      await network.reopen()
    },
  }
}

async function pooled(): Promise<Prepared> {
  const server = await startOwnPostgres()
  const pooler = await startPgbouncer(server.host)
  return { toml: configured(pooler.url('postgres')), hurt: () => pooler.kill(), heal: () => pooler.start() }
}

const SHARED = {
  // A deadline can end a sign-in before its code is used: 401 is for a code that was used without an answer.
  may: ['200', '201', '401', '503'],
  told: { what: 'database', reason: /^the database is (?:not available|busy)$/ },
}

export const POSTGRES: Fault[] = [
  {
    ...SHARED,
    name: 'postgres-stopped',
    promise: 'Nothing acknowledged is lost, requests get 503, and no restart is needed.',
    prepare: stopped,
  },
  {
    ...SHARED,
    name: 'postgres-frozen',
    promise: 'Each request is answered within 15 seconds, nothing acknowledged is lost, and no restart is needed.',
    prepare: frozen,
  },
  {
    ...SHARED,
    name: 'postgres-cut-off',
    promise: 'Each request is answered within 15 seconds, nothing acknowledged is lost, and no restart is needed.',
    prepare: cutOff,
  },
  {
    ...SHARED,
    name: 'pooler-restarted',
    needs: { pgbouncer: 'pgbouncer' },
    promise: 'Nothing acknowledged is lost, requests get 503 while it is away, and no restart is needed.',
    prepare: pooled,
  },
]
