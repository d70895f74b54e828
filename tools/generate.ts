import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { dropInText, unitTexts } from '../src/cli/service/unit-texts.ts'
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
  ...Object.fromEntries(
    Object.entries(unitTexts(SERVICE)).map(([unit, text]) => [`deploy/systemd/${unit}`, () => text]),
  ),
  'deploy/systemd/authd.service.d/notify-reload.conf': dropInText,
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
    ([code, { status, exit, message }]) =>
      `| \`${code}\` | ${isOfCommands(code, status) ? 'commands only' : status} | ${exit} | ${message} |`,
  )
  return `# Errors

Every error of the HTTP API is \`application/problem+json\` (RFC 9457) with \`code\`, \`message\` and \`request_id\`, and with \`details\` where there are some. With \`--json\`, commands print the same \`code\` and end with the exit code. Codes are stable, and new ones may be added. Revocation (RFC 7009), introspection (RFC 7662) and a refresh that is sent as a form answer with the errors of RFC 6749 instead.

What a client does:

| response | do |
|---|---|
| 401 to a refresh, or \`invalid_grant\` | Sign the user in again. If another tab or instance has stored a newer token, use that instead. |
| 429, 5xx or no response to a refresh | Try again later with the same token, after \`Retry-After\` if there is one. Do not sign the user out. |
| 401 \`INVALID_CREDENTIALS\` | Show the message and let the user try again. A mail's code allows five tries: with \`details.tries_left\` 0, request another mail. |
| 401 to any other request | Refresh once and repeat the request. Then sign the user in again. |
| \`ATTEMPT_EXPIRED\`, \`MAGIC_LINK_EXPIRED\`, \`MAGIC_LINK_USED\` | Begin a new sign-in. |
| \`STEP_UP_REQUIRED\` | [Step up](integrating.md#step-up) by one of \`details.methods\`, then repeat the request. |
| \`ENROLMENT_REQUIRED\` | Let the user [set up a second factor](integrating.md#second-factors). |
| 429 | Wait for \`Retry-After\` seconds. |
| 5xx, no response | Try again, with longer and longer waits. |
| other 4xx | Do not repeat the request unchanged. |

\`EXPIRED_TOKEN\` also means that the session of the refresh token has ended, for example because the user signed out.

| code | status | exit code | text |
|---|---|---|---|
${rows.join('\n')}
`
}

/** Codes that no request can cause: of the daemon's start, and of files and terminals. */
function isOfCommands(code: string, status: number): boolean {
  return status === 500 && code !== 'INTERNAL_ERROR'
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
