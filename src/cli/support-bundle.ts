import { release } from 'node:os'
import { BUILD } from '../build-info.ts'
import { configValue } from '../config/config-values.ts'
import type { Instance } from '../config/instance.ts'
import { type Config, KEYS } from '../config/schema.ts'
import { describeConfig } from '../config/show.ts'
import { describeDatabase } from '../flows/operator/doctor-database.ts'
import { anonymousText } from '../platform/anonymous-text.ts'
import { endOfFile } from '../platform/files.ts'
import type { TarEntry } from '../platform/tar.ts'
import { readSecretEarly } from '../startup/server-secret.ts'
import { fetchMetrics } from './daemon-client.ts'
import { withDatabase } from './database.ts'
import { examine } from './doctor/areas.ts'
import type { GlobalFlags } from './flags.ts'
import { readJournal, systemdVersion } from './service/run.ts'

/** How much of the log is packed: its last lines, and no more bytes than these. */
const LOG_LINES = 500
const LOG_BYTES = 256 * 1024

/** A text of the bundle, and what it is. */
export interface BundleEntry extends TarEntry {
  about: string
}

/** What a maintainer needs to find a fault. Each text is cleaned of secrets and of everything that names a person. */
export async function collectBundle(
  loaded: Instance,
  flags: GlobalFlags,
  { isOffline }: { isOffline: boolean },
): Promise<BundleEntry[]> {
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
    ['log.txt', `the last ${LOG_LINES} lines of the log`, lastLog(loaded.config)],
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

function lastLog({ log: { file } }: Config): string {
  const text = file === undefined ? readJournal('authd', LOG_LINES) : endOf(file)
  return text === undefined ? 'Neither a log file nor a journal of the unit authd was found.\n' : text
}

/** The last lines of a file. Undefined if it cannot be read. */
function endOf(path: string): string | undefined {
  try {
    return `${endOfFile(path, LOG_BYTES).trimEnd().split('\n').slice(-LOG_LINES).join('\n')}\n`
  } catch {
    return undefined
  }
}

function reasonOf(error: unknown): { failed: string } {
  return { failed: error instanceof Error ? error.message : String(error) }
}

function asJson(value: object): string {
  return `${JSON.stringify(value, null, 2)}\n`
}
