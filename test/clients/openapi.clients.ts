import { execFile, spawn } from 'node:child_process'
import { mkdir, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { promisify } from 'node:util'
import { beforeAll, describe, expect, test } from 'vitest'
import { wholeDocument } from '../../src/http/app.ts'
import { canRun } from '../support/example.ts'
import { startAuthd } from '../support/harness.ts'

const HERE = import.meta.dirname
const DOCUMENT = './generated/openapi.json'

/** Runs a program of node_modules/.bin. Returns what it writes. Throws if it fails. */
async function run(program: string, ...args: string[]): Promise<string> {
  const command = join(HERE, 'node_modules/.bin', program)
  const { stdout } = await promisify(execFile)(command, args, { cwd: HERE, maxBuffer: 64_000_000 })
  return stdout
}

beforeAll(async () => {
  await rm(join(HERE, 'generated'), { recursive: true, force: true })
  await mkdir(join(HERE, 'generated'))
  // Redocly warns about example.com and localhost.
  const document = wholeDocument({ publicUrl: 'https://auth.example.org', version: '1.0.0' })
  await writeFile(join(HERE, DOCUMENT), JSON.stringify(document))
})

describe('linters have no warning about the OpenAPI document', () => {
  test('redocly', async () => {
    const { totals } = JSON.parse(await run('redocly', 'lint', DOCUMENT, '--format=json'))

    expect(totals).toEqual({ errors: 0, warnings: 0, ignored: 0 })
  })

  test('Spectral', async () => {
    // It fails on any finding.
    const said = await run('spectral', 'lint', DOCUMENT, '-r', 'spectral.json', '--fail-severity=hint')

    expect(said).toContain('No results')
  })
})

describe('a generated client signs in by code, refreshes and signs out', () => {
  beforeAll(async () => {
    await run('openapi-typescript', DOCUMENT, '--default-non-nullable=false', '-o', 'generated/openapi-typescript.ts')
    await run('openapi-ts', '-i', DOCUMENT, '-o', 'generated/hey-api', '-c', '@hey-api/client-fetch')
    await run('orval', '--config', 'orval.config.mjs')
    await run('tsc')
    await writeFile(join(HERE, 'generated/built/package.json'), '{"type":"commonjs"}')
  })

  test.each(['openapi-fetch', 'hey-api', 'orval'])('%s', async (client) => {
    const authd = await startAuthd({ now: Date.now() })
    const program = spawn(process.execPath, [`generated/built/programs/${client}.js`], {
      cwd: HERE,
      env: { ...process.env, AUTHD_URL: authd.address },
      stdio: ['pipe', 'pipe', 'inherit'],
    })
    const ended = new Promise((resolve) => program.on('close', resolve))
    for await (const line of createInterface({ input: program.stdout })) {
      expect(line).toBe('code?')
      const [mail] = await authd.takeMail()
      program.stdin.end(`${mail?.values['code']}\n`)
    }

    expect(await ended).toBe(0)
    const events = (await authd.auditLog()).map(({ eventType }) => eventType)
    expect(events).toEqual(expect.arrayContaining(['user.authentication_failed', 'session.created', 'session.revoked']))
  })
})

/** Generators that npm does not bring. They have no test of their own where they are missing. */
const OTHERS: Record<string, { command: string; args: string[] }> = {
  'oapi-codegen (Go)': {
    command: 'oapi-codegen',
    args: ['-generate', 'types,client', '-package', 'authd', '-o', 'generated/authd.go', DOCUMENT],
  },
  'openapi-python-client (Python)': {
    command: 'openapi-python-client',
    args: ['generate', '--path', DOCUMENT, '--output-path', 'generated/python', '--meta=none', '--fail-on-warning'],
  },
}

test('generators of other languages make a client, where they are installed', async () => {
  for (const [name, { command, args }] of Object.entries(OTHERS)) {
    if (!canRun(command, command === 'oapi-codegen' ? '-version' : '--version')) {
      console.log(`${name}: skipped, because ${command} is not installed.`)
      continue
    }
    await promisify(execFile)(command, args, { cwd: HERE })
  }
})
