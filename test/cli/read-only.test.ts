import { execFile, spawn } from 'node:child_process'
import { chmod, readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'
import type { CommandLine, Ran } from '../support/command.ts'
import { ENDS_WITH, type Furnished, furnished, LINES } from '../support/every-command.ts'

const SAID = [69, 73, 74, 75, 77]
const isRoot = process.getuid?.() === 0
/** Root may write anywhere. */
const USER = isRoot ? { uid: 65_534, gid: 65_534 } : {}

test('on a data folder that cannot be written every command works or says why not, and none crashes', async () => {
  const place = await furnished()
  const ids = Object.keys(LINES)

  const lines = await Promise.all(ids.map((id) => readOnly(place, id)))
  const ran = await runAsUser(lines)
  // Else nobody could delete the folder.
  for (const { folder } of lines) await chmod(join(folder, 'authd-data'), 0o700)

  const wrong = ids.filter((id, index) => {
    const { code = null, stderr = '' } = ran[index] ?? {}
    const isSaid = SAID.includes(code ?? -1) && /^authd: \S/m.test(stderr)
    return !isSaid && !(ENDS_WITH[id] ?? [0]).includes(code ?? -1)
  })
  expect(wrong.map((id) => [id, ran[ids.indexOf(id)]])).toEqual([])
  expect(ran.filter(({ code }) => SAID.includes(code ?? -1)).length).toBeGreaterThan(30)
})

/** The line of a command, in a copy of the folder that it may only read. */
async function readOnly(place: Furnished, id: string): Promise<CommandLine> {
  const { folder } = await place.copy()
  const data = join(folder, 'authd-data')
  for (const name of await readdir(data)) await chmod(join(data, name), name === 'backups' ? 0o500 : 0o400)
  await chmod(data, 0o500)
  if (isRoot) await promisify(execFile)('chown', ['-R', `${USER.uid}:${USER.gid}`, folder])
  return { args: place.lineOf(id), folder, env: { PATH: process.env['PATH'] ?? '', HOME: folder }, input: '' }
}

async function runAsUser(lines: CommandLine[]): Promise<Ran[]> {
  const program = join(import.meta.dirname, '../support/run-lines.ts')
  const child = spawn(process.execPath, [program], { ...USER, cwd: '/', stdio: ['pipe', 'pipe', 'inherit'] })
  child.stdin.end(JSON.stringify(lines))
  return JSON.parse(await text(child.stdout)) as Ran[]
}
