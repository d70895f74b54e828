import { hostname, userInfo } from 'node:os'
import type { Actor } from '../flows/record-event.ts'
import { plain } from '../platform/plain-text.ts'

/** The operator behind sudo, with command, SSH client and reason, for the audit log. */
export function operator(command: string, reason: string | undefined): Actor {
  const login = plain(process.env['SUDO_USER'] || process.env['DOAS_USER'] || loginName())
  const client = sshClient()
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
export function sshClient(): string | undefined {
  return plain(process.env['SSH_CONNECTION'] ?? '').split(' ')[0] || undefined
}

function loginName(): string {
  try {
    return userInfo().username
  } catch {
    // In a container the user may have no passwd entry.
    return String(process.getuid?.() ?? 'unknown')
  }
}
