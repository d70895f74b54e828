import { Flags } from '@oclif/core'
import { AuthdError } from '../../errors.ts'
import type { Check } from '../../flows/operator/doctor-database.ts'
import { setMode } from '../../platform/files.ts'
import { command } from '../command.ts'
import { completing } from '../completion/offer.ts'
import { AREAS, examine } from '../doctor/areas.ts'
import { counted } from '../output/count.ts'

/** What other programs call an area, and where it is here: a certificate belongs to the server that shows it. */
const ELSEWHERE = new Map([
  ['tls', 'proxy and mail'],
  ['webauthn', 'config'],
])

export default command({
  without: ['time'],
  description: 'Exit code 1: something is wrong, or with --strict there are warnings.',
  examples: ['authd doctor', 'authd doctor --json', 'authd doctor --only files,db --offline', 'authd doctor --fix'],
  flags: {
    only: completing(AREAS, Flags.string({ description: `Check only these areas: ${AREAS.join(', ')}.` })),
    offline: Flags.boolean({ description: 'Ask no other machine: no proxy, mail and dns.' }),
    strict: Flags.boolean({ description: 'End with 1 for warnings, too.' }),
    fix: Flags.boolean({ description: 'Set the modes of files that other users can read or change.' }),
    'dkim-selector': Flags.string({ description: 'Selector of the DKIM key, if the mail server signs.' }),
    'dns-server': Flags.string({ description: 'Ask this DNS server instead of that of this machine: 192.0.2.53.' }),
  },
  async run({ flags, out, confirm }) {
    const { 'dkim-selector': dkimSelector, 'dns-server': dns } = flags
    const dnsServers = dns === undefined ? undefined : [dns]
    const asked = { only: parseAreas(flags.only), isOffline: flags.offline, dkimSelector, dnsServers }
    let checks = await examine(flags, asked)
    const repairs = checks.flatMap(({ repair }) => (repair === undefined ? [] : [repair]))
    if (flags.fix && repairs.length > 0) {
      await confirm(`Close ${repairs.map(({ path }) => path).join(', ')} to other users?`)
      for (const { path, mode } of repairs) setMode(path, mode)
      checks = await examine(flags, asked)
    }
    const count = (status: Check['status']) => checks.filter((check) => check.status === status).length
    const summary = { wrong: count('wrong'), warn: count('warn'), ok: count('ok') }
    const worst = (['wrong', 'warn'] as const).find((status) => summary[status] > 0) ?? 'ok'
    const lines = checks.flatMap(({ check, status, detail, fix }) => [
      `${check.padEnd(17)}  ${status.padEnd(5)}  ${detail}`,
      ...(fix === undefined ? [] : [`${' '.repeat(26)}Try: ${fix}`]),
    ])
    const shown = checks.map(({ repair: _, ...check }) => check)
    const sentence = `${summary.wrong} wrong, ${counted(summary.warn, 'warning')}, ${summary.ok} ok`
    out.object({ status: worst, checks: shown, summary }, [...lines, '', sentence])
    process.exitCode = worst === 'wrong' || (worst === 'warn' && flags.strict) ? 1 : 0
  },
})

function parseAreas(text: string | undefined): string[] {
  const named = text === undefined ? [] : text.split(',').map((name) => name.trim())
  const unknown = named.find((name) => !(AREAS as readonly string[]).includes(name))
  if (unknown === undefined) return named
  const others = ELSEWHERE.get(unknown)
  const why = others === undefined ? `unknown area "${unknown}"` : `"${unknown}" is a part of ${others}`
  throw new AuthdError('USAGE', { message: `--only: ${why}. Use ${AREAS.join(', ')}.` })
}
