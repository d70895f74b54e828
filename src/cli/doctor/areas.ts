import type { Instance } from '../../config/instance.ts'
import { formatProblems, type Problem } from '../../config/problem.ts'
import type { Config } from '../../config/schema.ts'
import type { Deps } from '../../deps.ts'
import { AuthdError } from '../../errors.ts'
import {
  type Check,
  checkBackup,
  checkClock,
  checkContents,
  checkDatabase,
} from '../../flows/operator/doctor-database.ts'
import { systemClock } from '../../platform/clock.ts'
import { checkFiles } from '../../startup/doctor-machine.ts'
import { checkMailServer, checkSender } from '../../startup/doctor-mail.ts'
import { failedCheck, startChecks, textChecks } from '../../startup/start-checks.ts'
import { askDaemon, listeningAt } from '../daemon-client.ts'
import { withDatabase } from '../database.ts'
import type { GlobalFlags } from '../flags.ts'
import { loadConfigOf } from '../load-config.ts'
import { readAsOwner } from '../privileges.ts'
import { readSystemctl, systemdVersion } from '../service/run.ts'
import { checkPublicAddress } from './public-address.ts'
import { checkUnit } from './unit-check.ts'

/** What `--only` takes. Those after `keys` ask other machines. */
export const AREAS = [
  ...['config', 'files', 'db', 'backup', 'clock', 'service', 'queue', 'webhooks', 'keys'],
  ...['daemon', 'proxy', 'mail', 'dns'],
] as const
const OUTSIDE = new Set<string>(['proxy', 'mail', 'dns'])
/** The database says it, or what the daemon listens at. */
const OF_DATABASE = ['db', 'backup', 'clock', 'queue', 'webhooks', 'keys', 'daemon', 'proxy']

export type AreaCheck = Check & { area: string }

export interface Asked {
  only: readonly string[]
  isOffline: boolean
  /** Of the DKIM key of a mail server that signs. */
  dkimSelector: string | undefined
  dnsServers: string[] | undefined
}

/** In the order in which a start would fail. Without a configuration nothing else can be checked. */
export async function examine(flags: GlobalFlags, asked: Asked): Promise<AreaCheck[]> {
  const found: AreaCheck[] = []
  const isAsked = (area: string) =>
    (asked.only.length === 0 || asked.only.includes(area)) && !(asked.isOffline && OUTSIDE.has(area))
  const add = (area: string, checks: Check[]) => {
    if (isAsked(area)) found.push(...checks.map((check) => ({ area, ...check })))
  }
  const load = () => loadConfigOf({ ...flags, quiet: true }, { checksFiles: true })
  const loaded = await load().catch(invalidConfig)
  if (Array.isArray(loaded)) return loaded.map((check) => ({ area: 'config', ...check }))
  // The daemon's own rights find what it cannot read. Only the database reads its secret before they are taken.
  const started = OF_DATABASE.some(isAsked)
    ? await withDatabase({ ...flags, quiet: true }, async (deps) => ({
        deps: await examined(deps),
        config: deps.config.current(),
      })).catch((error) => failedCheck('database', error))
    : undefined
  const own = await readAsOwner(loaded.config.dataDir, load).catch(invalidConfig)
  const isOpen = started !== undefined && !('check' in started)
  const config = isOpen ? started.config : loaded.config
  add('config', [
    ...(Array.isArray(own) ? own : configChecks(own)),
    ...(await startChecks(loaded.config)),
    ...(await textChecks(loaded.config)),
  ])
  add('files', filesOf(loaded.config))
  if (isOpen) for (const [area, checks] of Object.entries(started.deps.checks)) add(area, checks)
  else if (started !== undefined) add('db', [started])
  const { isDevelopment } = loaded
  if (!isDevelopment && isAsked('service')) add('service', unit())
  const daemon = await checkDaemon(config)
  add('daemon', [daemon])
  const [open, mail, dns] = await Promise.all([
    isAsked('proxy') && daemon.status !== 'wrong' ? checkPublicAddress(isOpen ? started.deps : undefined, config) : [],
    isAsked('mail') ? checkMailServer(config, systemClock.now()) : [],
    isAsked('dns') ? checkSender(config, { selector: asked.dkimSelector, servers: asked.dnsServers }) : [],
  ])
  add('proxy', open)
  add('mail', mail)
  add('dns', dns)
  return withoutRepeats(found)
}

/** A folder that the service's user may not enter ends the check of its files, but no other. */
function filesOf(config: Config): Check[] {
  try {
    return checkFiles(config)
  } catch (error) {
    return [failedCheck('files', error)]
  }
}

/** One cause is one line: the first that names it, with what repairs it. */
function withoutRepeats(found: AreaCheck[]): AreaCheck[] {
  const isRepeat = ({ status, detail }: AreaCheck, index: number) =>
    status === 'wrong' && found.findIndex((one) => one.status === status && one.detail === detail) < index
  const repairOf = ({ detail }: AreaCheck) => found.find((one) => one.detail === detail && one.repair)?.repair
  return found
    .filter((one, index) => !isRepeat(one, index))
    .map((one) => {
      const repair = repairOf(one)
      return repair === undefined ? one : { ...one, repair }
    })
}

/** A line for each problem, with the next step below the last. What the lines of the file say stays out. */
function invalidConfig(error: unknown): Check[] {
  const whole = failedCheck('configuration', error)
  const problems = error instanceof AuthdError ? (error.details?.['problems'] as Problem[] | undefined) : undefined
  if (problems === undefined || problems.length === 0) return [whole]
  // The first line says where a configuration was looked for, if there is none.
  const [head = ''] = error instanceof AuthdError ? (error.lines ?? []) : []
  const found = formatProblems(problems.map(({ source: _, ...problem }) => problem))
  const lines = head === NOTHING_MORE ? found : [head, ...found]
  return lines.map((detail, index) => ({
    ...{ check: whole.check, status: whole.status, detail },
    ...(index === lines.length - 1 && whole.fix !== undefined && { fix: whole.fix }),
  }))
}

const NOTHING_MORE = 'The configuration is invalid.'

function configChecks({ path, warnings }: Instance): Check[] {
  const read: Check = { check: 'configuration', status: 'ok', detail: path ?? 'from the environment' }
  return [
    read,
    ...warnings.map(({ message }) => ({ check: 'configuration', status: 'warn' as const, detail: message })),
  ]
}

/** What the database says, and what is needed after it is closed. */
async function examined(deps: Deps) {
  const { mail, webhooks, keys } = await checkContents(deps)
  const checks = { db: await checkDatabase(deps), backup: await checkBackup(deps), clock: await checkClock(deps) }
  return { clock: deps.clock, keys: deps.keys, checks: { ...checks, queue: mail, webhooks, keys } }
}

function unit(): Check[] {
  const enabled = (name: string) => {
    try {
      return readSystemctl('show', name, '--property=UnitFileState', '--value').trim() || 'not installed'
    } catch {
      return 'unknown to systemctl'
    }
  }
  return checkUnit({ root: '/', enabled, systemdVersion: systemdVersion() })
}

/** Asks the daemon on this machine. */
async function checkDaemon({ server }: Config): Promise<Check> {
  const check = 'daemon'
  const address = listeningAt(server)
  const daemon = await askDaemon(address)
  if (daemon === null) {
    return { check, status: 'wrong', detail: `does not answer at ${address}`, fix: 'authd service status' }
  }
  const { version, ready, problems } = daemon
  if (ready) return { check, status: problems.length > 0 ? 'warn' : 'ok', detail: [version, ...problems].join('; ') }
  return { check, status: 'wrong', detail: `not ready: ${problems.join('; ')}`, fix: 'authd healthcheck --ready' }
}
