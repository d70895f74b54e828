import { createHash } from 'node:crypto'
import { BUILD } from '../build-info.ts'
import { configValue } from '../config/config-values.ts'
import { type Config, KEYS } from '../config/schema.ts'
import type { RunningDaemon } from '../daemon.ts'
import type { Wired } from '../startup/wire.ts'

const MIB = 1024 * 1024

/** Logs one line about this process: version, memory, queues. It has no secrets and no addresses. */
export async function writeDiagnostics({ deps, log }: Wired, daemon: RunningDaemon): Promise<void> {
  const { rss, heapUsed, external } = process.memoryUsage()
  const { user, system } = process.cpuUsage()
  const config = deps.config.current()
  log.answer('diagnostics', {
    version: BUILD.version,
    commit: BUILD.commit ?? null,
    node: process.versions.node,
    pid: process.pid,
    uptime_seconds: Math.floor(process.uptime()),
    cpu_seconds: Math.round((user + system) / 1e6),
    memory_mib: { rss: mib(rss), heap: mib(heapUsed), external: mib(external) },
    database: config.database.url === undefined ? 'sqlite' : 'postgresql',
    config_hash: configHash(config),
    log_level: config.log.level,
    ...(await daemon.describe()),
  })
}

function mib(bytes: number): number {
  return Math.round(bytes / MIB)
}

/** Instances with the same hash have the same configuration. Secrets are not part of it. */
function configHash(config: Config): string {
  const values = KEYS.filter(({ secret }) => !secret).map((key) => [key.key, configValue(config, key)])
  return createHash('sha256').update(JSON.stringify(values)).digest('hex').slice(0, 16)
}
