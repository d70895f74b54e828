import type { Config } from '../../config/schema.ts'
import { type Check, checkContents } from '../../flows/operator/doctor-database.ts'
import { checkFiles, checkSender, checkTexts, failed } from '../../startup/doctor-machine.ts'
import { command } from '../command.ts'
import { askDaemon, fetchText, listeningAt } from '../daemon-client.ts'
import { withDatabase } from '../database.ts'
import type { GlobalFlags } from '../flags.ts'
import { counted } from '../output/count.ts'

const EXIT = { ok: 0, warn: 1, wrong: 2 }
const REACH_MS = 5000

export default command({
  description: 'Exit code 0: all is well. 1: there are warnings. 2: something is wrong.',
  examples: ['authd doctor', 'authd doctor --json'],
  async run({ flags, out, loadConfig }) {
    const checks = await checksOf(flags, loadConfig)
    const count = (status: Check['status']) => checks.filter((check) => check.status === status).length
    const worst = (['wrong', 'warn'] as const).find((status) => count(status) > 0) ?? 'ok'
    const lines = checks.flatMap(({ check, status, detail, fix }) => [
      `${check.padEnd(14)}  ${status.padEnd(5)}  ${detail}`,
      ...(fix === undefined ? [] : [`${' '.repeat(23)}Try: ${fix}`]),
    ])
    const sum = `${count('wrong')} wrong, ${counted(count('warn'), 'warning')}, ${count('ok')} ok`
    out.object({ status: worst, checks }, [...lines, '', sum])
    process.exitCode = EXIT[worst]
  },
})

/** In the order in which a start would fail. Without a configuration nothing else can be checked. */
async function checksOf(flags: GlobalFlags, load: () => Promise<{ config: Config; path?: string | undefined }>) {
  const loaded = await load().catch((error) => failed('configuration', error))
  if ('check' in loaded) return [loaded]
  const { config, path } = loaded
  const read: Check = { check: 'configuration', status: 'ok', detail: path ?? 'from the environment' }
  // Before root's rights are dropped, and before anything is opened.
  const files = checkFiles(config)
  const database = await checkDatabase(flags, config)
  const [texts, sender, daemon] = await Promise.all([
    checkTexts(config),
    checkSender(config),
    checkDaemon(database.config),
  ])
  return [read, ...files, ...database.checks, texts, ...sender, ...daemon]
}

/** Returns the configuration with what only the database knows: live settings, and where a daemon really listens. */
async function checkDatabase(flags: GlobalFlags, config: Config): Promise<{ checks: Check[]; config: Config }> {
  try {
    return await withDatabase({ ...flags, quiet: true }, async (deps) => {
      const current = deps.config.current()
      const { url, path } = current.database
      const detail = `${url === undefined ? path : 'PostgreSQL'} answers, schema and secret fit`
      const checks: Check[] = [{ check: 'database', status: 'ok', detail }, ...(await checkContents(deps))]
      return { checks, config: current }
    })
  } catch (error) {
    return { checks: [failed('database', error)], config }
  }
}

/** Asks the daemon on this machine, and at its public address as a browser would. */
async function checkDaemon({ server, publicUrl }: Config): Promise<Check[]> {
  const address = listeningAt(server)
  const daemon = await askDaemon(address)
  if (daemon === null) {
    return [{ check: 'daemon', status: 'wrong', detail: `does not answer at ${address}`, fix: 'authd service status' }]
  }
  const { version, ready, problems } = daemon
  const here: Check = ready
    ? { check: 'daemon', status: problems.length > 0 ? 'warn' : 'ok', detail: [version, ...problems].join('; ') }
    : {
        check: 'daemon',
        status: 'wrong',
        detail: `not ready: ${problems.join('; ')}`,
        fix: 'authd healthcheck --ready',
      }
  const { status, ...answer } = await fetchText(`${publicUrl}/health`, { timeoutMs: REACH_MS })
  const check = 'public address'
  if (status === 200) return [here, { check, status: 'ok', detail: publicUrl }]
  const why = 'why' in answer ? answer.why : `HTTP ${status} from ${publicUrl}/health`
  return [here, { check, status: 'wrong', detail: why, fix: 'authd config show --section server' }]
}
