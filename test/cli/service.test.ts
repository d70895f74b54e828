import { execFileSync } from 'node:child_process'
import { chown, mkdir, readdir, readFile, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { checkUnit } from '../../src/cli/doctor/unit-check.ts'
import { startCommand } from '../../src/cli/service/files.ts'
import { refuseHiddenProgram } from '../../src/cli/service/flags.ts'
import { dropInText, unitText, unitTexts } from '../../src/cli/service/unit-texts.ts'
import { shell } from '../support/cli.ts'

const UNITS = 'etc/systemd/system'
const PACKAGE = 'usr/lib/systemd/system'
const SERVICE = { name: 'authd', user: 'authd', program: '/usr/bin/authd' }

/** A folder like the root of a machine with systemd. */
async function machine(): Promise<string> {
  const { folder } = await shell()
  const root = join(folder, 'machine')
  await mkdir(join(root, 'run/systemd/system'), { recursive: true })
  return root
}

async function packageUnits(root: string): Promise<void> {
  await mkdir(join(root, PACKAGE), { recursive: true })
  await mkdir(join(root, 'usr/bin'), { recursive: true })
  await writeFile(join(root, SERVICE.program), '')
  for (const [unit, text] of Object.entries(unitTexts(SERVICE))) await writeFile(join(root, PACKAGE, unit), text)
}

test('service install writes the unit and backs up the old one; uninstall removes only its own files', async () => {
  const place = await shell()
  const root = join(place.folder, 'image')
  const unit = join(root, UNITS, 'shop-auth.service')
  const install = () => place.run(['service', 'install', '--name', 'shop-auth', '--root', root, '--json'])
  const statuses = ({ stdout }: { stdout: string }) =>
    (JSON.parse(stdout).files as { status: string }[]).map(({ status }) => status)

  expect(statuses(await place.run(['service', 'install', '--root', root, '-n', '--json']))).toEqual(
    Array(5).fill('would'),
  )
  expect(statuses(await install())).toEqual(Array(5).fill('written'))
  const text = await readFile(unit, 'utf8')
  expect(text).toMatch(/^ExecStart=\/\S+ serve$/m)
  expect(text).toMatch(/^User=shop-auth$/m)
  expect(text).toMatch(/^StateDirectory=shop-auth$/m)
  // A variable would hide what the configuration says from the daemon, but not from other commands.
  expect(text.match(/^Environment=.*$/gm)).toEqual(['Environment=AUTHD_CONFIG=/etc/shop-auth/config.toml'])

  await writeFile(unit, `${text}# by hand\n`)
  expect(statuses(await install())).toEqual(['updated', ...Array(4).fill('unchanged')])
  const [kept = ''] = (await readdir(join(root, UNITS))).filter((name) => name.includes('.bak-'))
  expect(await readFile(join(root, UNITS, kept), 'utf8')).toContain('# by hand')

  await place.run(['service', 'uninstall', '--name', 'shop-auth', '--root', root, '--yes'])
  expect(await readdir(join(root, UNITS))).toEqual([kept])
})

test('service install writes the backup of every night, and says how to enable it', async () => {
  const place = await shell()
  const root = join(place.folder, 'image')

  const { stderr } = await place.run(['service', 'install', '--name', 'shop-auth', '--root', root])
  const unit = await readFile(join(root, UNITS, 'shop-auth-backup.service'), 'utf8')
  const timer = await readFile(join(root, UNITS, 'shop-auth-backup.timer'), 'utf8')

  expect(stderr).toContain('Back up every night: sudo systemctl enable --now shop-auth-backup.timer')
  expect(unit).toMatch(/^ExecStart=\/\S+ backup create\nExecStart=\/\S+ backup prune --keep 14 --yes\nUser=shop-auth$/m)
  expect(timer).toMatch(/^OnCalendar=/m)
})

test("another product's authd.service is kept, and another name is suggested", async () => {
  const place = await shell()
  const root = join(place.folder, 'image')
  await mkdir(join(root, 'usr/lib/systemd/system'), { recursive: true })
  await writeFile(join(root, 'usr/lib/systemd/system/authd.service'), '[Service]\nExecStart=/usr/libexec/authd\n')

  const { code, stdout, stderr } = await place.run(['service', 'install', '--root', root])
  expect([code, stdout]).toEqual([1, ''])
  expect(stderr).toContain('Try: authd service install --name authd-server')
  expect(await readdir(root)).toEqual(['usr'])
  expect((await place.run(['service', 'install', '--root', root, '--name', '../x'])).code).toBe(64)
})

test.each([
  ['systemd 257 (257.9-1~deb13u1)\n+PAM +AUDIT', 1],
  ['systemd 252 (252.39-1~deb12u1)\n+PAM +AUDIT', 0],
])('a reload waits for the daemon where systemd supports it: %j', async (version, count) => {
  const place = await shell()
  const systemctl = join(place.folder, 'systemctl')
  await writeFile(systemctl, `#!/bin/sh\necho '${version}'\n`, { mode: 0o755 })

  const { stdout } = await place.run(['service', 'install', '-n', '--json', '--name', 'shop-auth'], {
    env: { PATH: `${place.folder}:${process.env['PATH']}` },
  })

  const paths = (JSON.parse(stdout).files as { path: string }[]).map(({ path }) => path)
  expect(paths.filter((path) => path === `/${UNITS}/shop-auth.service.d/notify-reload.conf`)).toHaveLength(count)
})

test('no unit has a key that systemd 252 does not know', () => {
  const newer = /^(OpenFile|Type=notify-reload|RestartSteps|RestartMaxDelaySec|ReloadSignal|PollLimit\w+)/m

  const texts = Object.values(unitTexts(SERVICE))

  expect(texts.filter((text) => newer.test(text))).toEqual([])
  expect(dropInText()).toMatch(/^Type=notify-reload\nExecReload=\nOpenFile=\/run\/systemd\/notify:notify$/m)
})

test('the socket closes if the daemon that it starts keeps exiting', () => {
  const texts = unitTexts(SERVICE)

  expect(texts['authd.socket']).toMatch(/^TriggerLimitIntervalSec=60\nTriggerLimitBurst=5$/m)
})

test.each([
  [257, 1],
  [252, 0],
])(
  'the package brings the drop-in where systemd knows its keys, and removes it: systemd %i',
  async (version, count) => {
    const root = await machine()
    const tools = join(root, 'tools')
    const fakes = {
      systemctl: `echo 'systemd ${version} (${version}.1)'`,
      'systemd-sysusers': ':',
      'systemd-tmpfiles': ':',
    }
    await mkdir(tools)
    for (const [name, does] of Object.entries(fakes)) {
      await writeFile(join(tools, name), `#!/bin/sh\n${does}\n`, { mode: 0o755 })
    }
    const script = (name: string, act: string) =>
      execFileSync('/bin/sh', [join('deploy/debian', name), act], {
        env: { DPKG_ROOT: root, PATH: `${tools}:/usr/bin:/bin` },
        stdio: 'ignore',
      })
    const dropIns = () => readdir(join(root, UNITS, 'authd.service.d')).catch(() => [])

    script('postinst', 'configure')
    const installed = await dropIns()
    script('postrm', 'remove')

    expect(installed).toHaveLength(count)
    expect(await dropIns()).toEqual([])
  },
)

test('where a package brought the unit, nothing replaces it and its start is the next command', async () => {
  const place = await shell()
  const root = await machine()
  await packageUnits(root)

  const { code, stderr } = await place.run(['service', 'install', '--root', root])

  expect(code).toBe(1)
  expect(stderr).toContain(`${PACKAGE}/authd.service already. Nothing was changed.`)
  expect(stderr).toContain('Try: sudo systemctl enable --now authd')
  expect(startCommand(root)).toBe('sudo systemctl enable --now authd')
  expect(startCommand(join(root, 'empty'))).toBe('sudo authd service install --now')
})

test('doctor compares the units of a package with those of this version, where the package has them', async () => {
  const root = await machine()
  await packageUnits(root)
  const check = () => checkUnit({ root, enabled: () => 'enabled', systemdVersion: 252 })

  const fresh = check()
  await writeFile(join(root, PACKAGE, 'authd.socket'), '# an older one\n')
  const old = check()
  await mkdir(join(root, UNITS), { recursive: true })
  await writeFile(join(root, UNITS, 'authd.service'), unitText(SERVICE))
  const replaced = check()

  expect(fresh).toMatchObject([{ status: 'ok', detail: `${root}/${PACKAGE}/authd.service, enabled` }])
  expect(old).toMatchObject([{ status: 'warn', detail: expect.stringMatching(/authd\.socket is not as this/) }])
  expect(replaced).toMatchObject([{ status: 'warn', fix: 'sudo authd service uninstall' }])
})

test('init gives its configuration to the group of the folder, so that the service can read it', async () => {
  const place = await shell({ data: false })
  const folder = join(place.folder, 'etc')
  const [uid, gid] = [process.getuid?.() ?? 0, process.getuid?.() === 0 ? 65_534 : (process.getgid?.() ?? 0)]
  await mkdir(folder, { mode: 0o750 })
  await chown(folder, uid, gid)

  const answers = ['--url', 'https://auth.example.com', '--smtp-host', '127.0.0.1', '--email-from', 'a@example.com']
  const { code } = await place.run(['init', '--dir', folder, '--data-dir', join(place.folder, 'data'), ...answers])

  const { gid: group, mode } = await stat(join(folder, 'config.toml'))
  expect([code, group, mode & 0o777]).toEqual([0, gid, 0o640])
})

test('service uninstall does not touch a service that another program owns', async () => {
  const place = await shell()
  const root = join(place.folder, 'image')
  const unit = join(root, UNITS, 'authd.socket')
  await mkdir(join(root, UNITS), { recursive: true })
  await writeFile(unit, '[Socket]\nListenStream=/run/other.sock\n')

  const { code, stderr } = await place.run(['service', 'uninstall', '--root', root, '--yes'])

  expect([code, await readdir(join(root, UNITS))]).toEqual([1, ['authd.socket']])
  expect(stderr).toContain('Nothing was changed.')
})

test('a path with spaces, quotes and percent signs is one word in the unit', () => {
  const text = unitText({ name: 'authd', user: 'authd', program: '/opt/my "auth" 50%$x/authd' })

  expect(text).toContain('\nExecStart="/opt/my \\"auth\\" 50%%$x/authd" serve\n')
  expect(text).toContain('\nExecPaths="/opt/my \\"auth\\" 50%%$x/authd" /usr/bin/systemd-notify')
})

test.each(['/root/authd', '/home/ada/bin/authd', '/run/user/1000/authd'])(
  'a program that the service cannot see is refused: %s',
  (program) => {
    expect(() => refuseHiddenProgram(program)).toThrow('which the unit hides from the service')
    expect(() => refuseHiddenProgram('/usr/local/bin/authd')).not.toThrow()
  },
)
