import { execFile } from 'node:child_process'
import { mkdir, readFile, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { freePort } from '../../support/cli.ts'
import { startOwnPostgres } from '../../support/own-postgres.ts'
import type { Fault, Place, Prepared } from './fault.ts'

const ROOT = join(import.meta.dirname, '../../..')
const run = promisify(execFile)

/** The program from before the newest migration, from the history of this repository. Returns its path. */
async function olderProgram(folder: string): Promise<string> {
  const git = (...args: string[]) => run('git', ['-C', ROOT, ...args])
  const newest = await git('log', '-1', '--diff-filter=A', '--format=%H', '--', 'migrations/0*.ts')
  const commit = newest.stdout.trim()
  if (commit === '') throw new Error('This needs the history: clone the repository with git.')
  const older = join(folder, 'older')
  await mkdir(older)
  await git('archive', '--format=tar', `--output=${older}.tar`, `${commit}^`)
  await run('tar', ['-xf', `${older}.tar`, '-C', older])
  await symlink(join(ROOT, 'node_modules'), join(older, 'node_modules'))
  return join(older, 'bin/authd.js')
}

/** An older instance runs on while a newer program migrates, a newer instance starts beside it, and it is replaced. */
async function upgraded({ shell }: Place): Promise<Prepared> {
  const server = await startOwnPostgres()
  const older = await olderProgram(shell.folder)
  let isUpgraded = false
  return {
    toml: [`[database]\nurl = "postgres://postgres@${server.host}/postgres"\nauto_migrate = true`],
    program: () => (isUpgraded ? join(ROOT, 'bin/authd.js') : older),
    async hurt({ command, config, urls }) {
      if (isUpgraded) return
      const migrated = await command('migrate', 'up', '--no-backup', '--json')
      if (!migrated.includes('"changed":true')) throw new Error(`nothing was migrated: ${migrated}`)
      const second = join(shell.folder, 'second.toml')
      const text = await readFile(config, 'utf8')
      await writeFile(second, text.replace(/^port = \d+$/m, `port = ${await freePort()}`), { mode: 0o600 })
      urls.push((await shell.serve(['--config', second])).url)
    },
    async heal({ daemon, start }) {
      if (isUpgraded) return
      isUpgraded = true
      daemon().kill('SIGTERM')
      await daemon().exit
      await start()
    },
  }
}

export const VERSIONS: Fault[] = [
  {
    name: 'two-versions',
    needs: { git: 'git' },
    promise: 'An older instance goes on while the database is migrated, and newer ones serve beside it.',
    may: ['200', '201'],
    prepare: upgraded,
  },
]
