import { execFile } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'

const MODULE = join(import.meta.dirname, '../../src/platform/private-folder.ts')

/** Another process that has a private folder with a plain copy in it, until it is killed. */
export async function livingPrivateFolder(parent: string, prefix = '.authd-backup-') {
  const program = `
    import { writeFileSync } from 'node:fs'
    import { inPrivateFolder } from ${JSON.stringify(MODULE)}
    await inPrivateFolder(${JSON.stringify(parent)}, ${JSON.stringify(prefix)}, async (folder) => {
      writeFileSync(folder + '/copy', 'plain')
      process.stdout.write(folder)
      await new Promise((resolve) => process.stdin.on('end', resolve).resume())
    })
  `
  const child = execFile(process.execPath, ['--input-type=module', '--eval', program])
  const [folder] = (await once(child.stdout ?? child, 'data')) as [string]
  return { child, folder }
}

/** What such a process leaves after kill -9. Returns its path. */
export async function leavePrivateFolder(parent: string, prefix?: string): Promise<string> {
  const { child, folder } = await livingPrivateFolder(parent, prefix)
  const exit = once(child, 'exit')
  child.kill('SIGKILL')
  await exit
  return folder
}
