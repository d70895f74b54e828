import { readFileSync } from 'node:fs'
import { hostname, userInfo } from 'node:os'
import type { Actor } from '../flows/record-event.ts'
import { plain } from '../platform/plain-text.ts'

/**
 * The operator behind sudo, with command, SSH client and reason, for the audit log. Called once, before privileges are
 * dropped: afterwards neither root's name nor the processes above can be read.
 */
export function operator(command: string, reason: string | undefined): Actor {
  const environments = [process.env, ...environmentsAbove()]
  const said = (name: string) => environments.map((env) => env[name]).find(Boolean)
  const login = plain(said('SUDO_USER') || said('DOAS_USER') || loginName())
  const client = plain(said('SSH_CONNECTION') ?? '').split(' ')[0] || undefined
  return {
    id: `cli:${login}@${hostname()}`,
    ip: null,
    userAgent: null,
    requestId: null,
    metadata: {
      command,
      ...(reason !== undefined && { reason }),
      ...(client !== undefined && { ssh_client: client }),
    },
  }
}

/** The address that the operator has signed in from. */
export function sshClient({ metadata }: Pick<Actor, 'metadata'>): string | undefined {
  const client = metadata?.['ssh_client']
  return typeof client === 'string' ? client : undefined
}

/** The variables of the processes that started this one, the nearest first: sudo and su hide them from it. */
function environmentsAbove(): Record<string, string>[] {
  const found: Record<string, string>[] = []
  try {
    for (let pid = process.ppid; pid > 1; ) {
      found.push(variablesIn(readFileSync(`/proc/${pid}/environ`, 'utf8')))
      // The name before it, in parentheses, may hold anything.
      const [, , parent] = readFileSync(`/proc/${pid}/stat`, 'utf8').replace(/^.*\)/s, ')').split(' ')
      pid = Number(parent)
    }
  } catch {
    // Without /proc, or if a process has ended, what was found so far is all there is.
  }
  return found
}

function variablesIn(text: string): Record<string, string> {
  const pairs = text.split('\0').map((line) => [line.slice(0, line.indexOf('=')), line.slice(line.indexOf('=') + 1)])
  return Object.fromEntries(pairs)
}

function loginName(): string {
  try {
    return userInfo().username
  } catch {
    // In a container the user may have no passwd entry.
    return String(process.getuid?.() ?? 'unknown')
  }
}
