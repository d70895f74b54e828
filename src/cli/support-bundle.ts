import { release } from 'node:os'
import { BUILD } from '../build-info.ts'
import { configValue } from '../config/config-values.ts'
import type { Instance } from '../config/instance.ts'
import { type Config, KEYS } from '../config/schema.ts'
import { describeConfig } from '../config/show.ts'
import { describeDatabase } from '../flows/operator/doctor-database.ts'
import { anonymousText } from '../platform/anonymous-text.ts'
import { toRfc3339 } from '../platform/clock.ts'
import { endOfFile } from '../platform/files.ts'
import type { TarEntry } from '../platform/tar.ts'
import { readSecretEarly } from '../startup/server-secret.ts'
import { type CrashReport, readCrashReports } from './crash-reports.ts'
import { fetchMetrics } from './daemon-client.ts'
import { withDatabase } from './database.ts'
import { examine } from './doctor/areas.ts'
import type { GlobalFlags } from './flags.ts'
import { readJournal, systemdVersion } from './service/run.ts'

/** How much of the log is packed: its last lines, and no more bytes than these. More if a time was named. */
const LAST = { lines: 500, maxBytes: 256 * 1024 }
const SINCE = { lines: 20_000, maxBytes: 8 * 1024 * 1024 }

/** A text of the bundle, and what it is. */
export interface BundleEntry extends TarEntry {
  about: string
}

/** What a maintainer needs to find a fault. Each text is cleaned of secrets and of everything that names a person. */
export async function collectBundle(
  loaded: Instance,
  flags: GlobalFlags,
  { isOffline, since }: { isOffline: boolean; since: number | undefined },
): Promise<BundleEntry[]> {
  // Before root's rights are dropped: the reports are in the home of the user who runs the command, and the journal is not
  // open to the service's user. A log file is read with the rights of that user, who could have made it a link.
  const crashes = readCrashReports().filter(({ at }) => at >= (since ?? 0))
  const journal = loaded.config.log.file === undefined ? lastOfJournal(since) : undefined
  const secrets = secretsOf(loaded.config)
  const database = await withDatabase({ ...flags, quiet: true }, describeDatabase).catch(reasonOf)
  const asked = { only: [], isOffline, dkimSelector: undefined, dnsServers: undefined }
  const checks = await examine(flags, asked).catch(reasonOf)
  const metrics = await fetchMetrics(loaded.config)
  const texts: [string, string, string][] = [
    ['versions.json', 'authd, Node.js, SQLite and the machine', asJson(versions())],
    ['config.json', 'the configuration, without secrets', asJson(describeConfig(loaded, { withOrigin: true }))],
    ['doctor.json', 'what authd doctor finds', asJson(checks)],
    ['database.json', 'version, migrations and rows by table', asJson(database)],
    ['metrics.txt', 'the metrics of the daemon', 'text' in metrics ? metrics.text : `${metrics.why}\n`],
    ['crashes.json', 'crash reports of commands', asJson(crashes.map(shownCrash))],
    ['log.txt', aboutLog(since), journal ?? lastOfFile(loaded.config, since)],
  ]
  return texts.map(([name, about, text]) => ({
    name: `authd-support/${name}`,
    about,
    text: anonymousText(text, secrets),
  }))
}

function secretsOf(config: Config): string[] {
  const values = KEYS.filter(({ secret }) => secret).map((key) => configValue(config, key))
  let own: string | undefined
  try {
    own = readSecretEarly(config)
  } catch {
    // doctor.json says why it cannot be read.
  }
  return [...values.flat(), own].filter((value) => typeof value === 'string')
}

function versions() {
  const { node, sqlite, openssl } = process.versions
  const machine = {
    platform: process.platform,
    release: release(),
    arch: process.arch,
    systemd: systemdVersion() ?? null,
  }
  return { authd: BUILD.version, commit: BUILD.commit, built_at: BUILD.builtAt, node, sqlite, openssl, ...machine }
}

function shownCrash({ file, at, text }: CrashReport) {
  try {
    return { file, at: toRfc3339(at), report: JSON.parse(text) }
  } catch {
    return { file, at: toRfc3339(at), report: text }
  }
}

function aboutLog(since: number | undefined): string {
  const { lines } = mostOf(since)
  return `the last ${lines} lines of the log${since === undefined ? '' : ` since ${toRfc3339(since)}`}`
}

function lastOfJournal(since: number | undefined): string {
  return (
    readJournal('authd', { ...mostOf(since), since }) ?? 'There is no log.file, and no journal of the unit authd.\n'
  )
}

function lastOfFile({ log: { file = '' } }: Config, since: number | undefined): string {
  return endOf(file, { ...mostOf(since), since }) ?? 'The log file cannot be read.\n'
}

function mostOf(since: number | undefined) {
  return since === undefined ? LAST : SINCE
}

/** The last lines of a file. Undefined if it cannot be read. */
function endOf(
  path: string,
  { lines, maxBytes, since }: { lines: number; maxBytes: number; since: number | undefined },
): string | undefined {
  try {
    const all = endOfFile(path, maxBytes).trimEnd().split('\n')
    return `${(since === undefined ? all : linesSince(all, since)).slice(-lines).join('\n')}\n`
  } catch {
    return undefined
  }
}

/** From the first line of that time on, with what follows. Lines without a time are all kept. */
function linesSince(lines: string[], since: number): string[] {
  const times = lines.map((line) => Date.parse(/"time":"([^"]+)"/.exec(line)?.[1] ?? ''))
  if (times.every(Number.isNaN)) return lines
  const first = times.findIndex((time) => time >= since)
  return first < 0 ? [] : lines.slice(first)
}

function reasonOf(error: unknown): { failed: string } {
  return { failed: error instanceof Error ? error.message : String(error) }
}

function asJson(value: object): string {
  return `${JSON.stringify(value, null, 2)}\n`
}
