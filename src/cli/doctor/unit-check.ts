import { existsSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import type { Check } from '../../flows/operator/doctor-database.ts'
import { packagedUnit, serviceFiles, UNIT_FOLDERS } from '../service/files.ts'
import { MARK, unitTexts } from '../service/unit-texts.ts'

/** What an operator compares: `authd service print` makes the same files. */
const FIX = 'sudo authd service install'
const PACKAGE_FIX = 'install the package again'

/**
 * The systemd unit: installed, as this version prints it, and enabled at boot. `enabled` asks systemctl. `root` is put
 * before each path. Nothing on a machine without systemd.
 */
export function checkUnit({
  root,
  enabled,
  systemdVersion,
}: {
  root: string
  enabled(unit: string): string
  systemdVersion: number | undefined
}): Check[] {
  if (!existsSync(join(root, '/run/systemd/system'))) return []
  const check = 'systemd unit'
  const found = UNIT_FOLDERS.map((folder) => join(root, folder, 'authd.service')).find((path) => existsSync(path))
  if (found === undefined) {
    return [{ check, status: 'warn', detail: 'authd.service is not installed', fix: `${FIX} --now` }]
  }
  const text = readFileSync(found, 'utf8')
  if (!text.startsWith(MARK)) {
    return [{ check, status: 'warn', detail: `${found} was not made by authd`, fix: `${FIX} --name authd-server` }]
  }
  const packaged = packagedUnit('authd', root)
  if (packaged !== undefined && packaged !== found) {
    const detail = `${found} replaces ${packaged}, which the package keeps up to date`
    return [{ check, status: 'warn', detail, fix: 'sudo authd service uninstall' }]
  }
  const program = /^ExecStart="?(.*?)"? serve$/m.exec(text)?.[1] ?? ''
  const user = /^User=(.*)$/m.exec(text)?.[1] ?? ''
  const options = { name: 'authd', user, program }
  const expected =
    packaged === undefined ? serviceFiles(options, { root, systemdVersion }) : besideUnit(packaged, unitTexts(options))
  const fix = packaged === undefined ? FIX : PACKAGE_FIX
  const other = expected.find(({ path, text }) => !existsSync(path) || readFileSync(path, 'utf8') !== text)?.path
  const state = enabled('authd.service')
  const lines: Check[] = [
    ...(existsSync(join(root, program))
      ? []
      : [{ check, status: 'wrong' as const, detail: `${found} starts ${program}, which does not exist`, fix }]),
    ...(other === undefined
      ? []
      : [{ check, status: 'warn' as const, detail: `${other} is not as this version makes it`, fix }]),
    ...(state === 'enabled'
      ? []
      : [
          {
            check,
            status: 'warn' as const,
            detail: `authd.service is ${state}, so authd does not start at boot`,
            fix: 'sudo systemctl enable --now authd.service',
          },
        ]),
  ]
  return lines.length > 0 ? lines : [{ check, status: 'ok', detail: `${found}, enabled` }]
}

/** The units of a package, which has them all in one folder. */
function besideUnit(path: string, texts: Record<string, string>): { path: string; text: string }[] {
  return Object.entries(texts).map(([unit, text]) => ({ path: join(dirname(path), unit), text }))
}
