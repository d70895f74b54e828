import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { notifyReloadText, socketText, unitText } from '../src/cli/service/unit.ts'
import { exampleEnv, exampleFile, referencePage } from '../src/config/example.ts'
import { ERRORS } from '../src/errors.ts'
import { type DeclaredEvent, DOOR, EVENTS } from '../src/flows/events.ts'
import { alertRules } from '../src/platform/monitoring/alerts.ts'
import { dashboard } from '../src/platform/monitoring/dashboard.ts'

const SERVICE = { name: 'authd', user: 'authd', program: '/usr/local/bin/authd' }

/** The content of each generated file, by path from the top of the project. */
export const GENERATED: Readonly<Record<string, () => string>> = {
  'config.example.toml': exampleFile,
  '.env.example': exampleEnv,
  'docs/configuration.md': referencePage,
  'docs/events.md': eventsPage,
  'docs/errors.md': errorsPage,
  'deploy/prometheus/authd.rules.yml': alertRules,
  'deploy/systemd/authd.service': () => unitText(SERVICE),
  'deploy/systemd/authd.service.d/notify-reload.conf': notifyReloadText,
  'deploy/systemd/authd.socket': () => socketText(SERVICE),
  'deploy/grafana/authd.json': dashboard,
}

function eventsPage(): string {
  const names = (keys: readonly string[] = []) => keys.map((key) => `\`${key}\``).join(', ')
  const rows = Object.entries(EVENTS).map(([type, declared]) => {
    const { means, open, personal }: DeclaredEvent = declared
    return `| \`${type}\` | ${means} | ${names(open)} | ${names(personal)} |`
  })
  return `# Events

Each event is one row of the audit log, and a webhook for endpoints that subscribe to it. \`authd audit list --event 'session.*'\` finds them.

When a user is deleted, the log keeps what happened under their id, and erases what is personal: their present and former e-mail addresses, IP addresses and user agents, and the metadata in the last column. The event of a deletion keeps who deleted the user and why. If an operator did, it also keeps the IP address. If a user has many events, authd erases them in parts, within minutes. Events that an older version recorded lose all their metadata.

Each event may also have metadata about the request or command that caused it. ${names(DOOR.open)} stay. ${names(DOOR.personal)} are erased.

| event | meaning | metadata that stays | metadata that is erased with the user |
|---|---|---|---|
${rows.join('\n')}
`
}

function errorsPage(): string {
  const rows = Object.entries(ERRORS).map(
    ([code, { status, exit, message }]) => `| \`${code}\` | ${status} | ${exit} | ${message} |`,
  )
  return `# Errors

Every error of the HTTP API is \`application/problem+json\` (RFC 9457) with \`code\`, \`message\`, \`details\` and \`request_id\`. With \`--json\`, commands print the same \`code\` and end with the exit code. Codes are stable. The calls of RFC 7009 and RFC 7662 answer with the errors of RFC 6749 instead.

| code | status | exit code | text |
|---|---|---|---|
${rows.join('\n')}
`
}

/** Returns the generated files that differ from what the code generates now. */
export function staleFiles(root: string): string[] {
  return Object.entries(GENERATED).flatMap(([path, make]) => (read(join(root, path)) === make() ? [] : [path]))
}

function read(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return undefined // A missing file is stale, too.
  }
}

/** `npm run generate` writes them, `npm run generate -- --check` only compares. */
function main(root: string): void {
  const stale = staleFiles(root)
  if (process.argv.includes('--check')) {
    for (const path of stale) console.error(`${path} is not what the code says: npm run generate`)
    process.exitCode = stale.length > 0 ? 1 : 0
    return
  }
  for (const path of stale) {
    mkdirSync(dirname(join(root, path)), { recursive: true })
    writeFileSync(join(root, path), GENERATED[path]?.() ?? '')
    console.log(`wrote ${path}`)
  }
}

if (import.meta.main) main(join(import.meta.dirname, '..'))
