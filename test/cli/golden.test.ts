import { expect, test } from 'vitest'
import { shell } from '../support/cli.ts'

/** The names and types in a command's output, without values. A list is shown as its first item. */
function shapeOf(value: unknown): unknown {
  if (Array.isArray(value)) return value.slice(0, 1).map(shapeOf)
  if (typeof value !== 'object' || value === null) return value === null ? 'null' : typeof value
  return Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, shapeOf(inner)]))
}

const COMMANDS = [
  ['migrate', '-n'],
  ['migrate'],
  ['migrate', 'status'],
  ['users', 'add', 'ada@example.com', '--name', 'Ada'],
  ['users', 'list'],
  ['users', 'show', 'ada@example.com'],
  ['users', 'update', 'ada@example.com', '--mfa-policy', 'required'],
  ['users', 'unlock', 'ada@example.com'],
  ['users', 'recover', 'ada@example.com', '--remove', 'totp', '--reason', 'golden', '--yes'],
  ['users', 'invite', 'bob@example.com', '--no-send'],
  ['users', 'export', 'ada@example.com'],
  ['passkeys', 'list', 'ada@example.com'],
  ['totp', 'reset', 'ada@example.com', '--yes'],
  ['recovery-codes', 'reset', 'ada@example.com', '--yes'],
  ['users', 'disable', 'ada@example.com', '--reason', 'golden'],
  ['users', 'enable', 'ada@example.com'],
  ['sessions', 'list'],
  ['sessions', 'revoke', '--user', 'ada@example.com'],
  ['keys', 'rotate'],
  ['keys', 'list'],
  ['api-keys', 'create', '--name', 'golden', '--scope', 'introspect'],
  ['api-keys', 'list'],
  ['audit', 'tail', '-n', '1'],
  ['audit', 'list', '--limit', '1'],
  ['stats', '--since', '1h'],
  ['stats', '--since', '1h', '--by', 'method'],
  ['email', 'queue'],
  ['email', 'pause'],
  ['email', 'resume'],
  ['webhooks', 'add', 'https://app.example.com/events', '--events', 'user.*'],
  ['webhooks', 'list'],
  ['webhooks', 'deliveries'],
  ['top', '--url', 'http://127.0.0.1:1'],
  ['backup', 'create'],
  ['backup', 'list'],
  ['backup', 'prune', '--keep', '1'],
  ['db', 'copy', '--to', 'copy.db'],
  ['db', 'reopen', '--yes'],
  ['config', 'env'],
  ['config', 'reference', 'smtp.tls'],
  ['users', 'delete', 'ada@example.com', '--confirm', 'ada@example.com'],
]

test('the shape of --json output is stable', async () => {
  const { run } = await shell()
  const shapes: Record<string, unknown> = {}
  for (const args of COMMANDS) {
    const { stdout, stderr } = await run([...args, '--json'])
    shapes[args.join(' ')] = stderr === '' || stdout !== '' ? shapeOf(JSON.parse(stdout)) : stderr
  }

  await expect(`${JSON.stringify(shapes, null, 2)}\n`).toMatchFileSnapshot('../golden/cli.json')
})
