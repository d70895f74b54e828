import { chmod, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { shell } from '../support/cli.ts'

test('a database that every user can read is named by serve, status and doctor, with what closes it', async () => {
  const place = await shell()
  const path = join(place.folder, 'authd-data/authd.db')
  await place.run(['migrate'])
  await chmod(path, 0o644)

  const daemon = await place.serve(['--dev'])
  const status = await place.run(['status', '--url', daemon.url])
  const doctor = await place.run(['doctor', '--only', 'files'])

  expect(daemon.printed()).toContain(`every user can read ${path}`)
  expect(status).toMatchObject({ code: 0, stderr: expect.stringContaining(`every user can read ${path}`) })
  expect(doctor.stdout).toContain(`chmod o-rwx ${path}`)
})

test('config show says if it could not read the live settings, but not before the first start', async () => {
  const { folder, run } = await shell()

  const before = await run(['config', 'show'])
  await writeFile(join(folder, 'authd-data/authd.db'), 'not a database '.repeat(400))
  const damaged = await run(['config', 'show', '--json'])

  expect(before).toMatchObject({ code: 0, stderr: '' })
  expect(damaged.stderr).toMatch(/^warning: live settings are not included, because the database cannot be read\. \S/)
  expect(JSON.parse(damaged.stdout)).toMatchObject({ public_url: expect.anything() })
})
