import { existsSync, readdirSync, readFileSync, rmdirSync, rmSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { AuthdError } from '../../errors.ts'
import { unwritable } from '../../flows/shown-error.ts'
import { fileStamp, systemClock } from '../../platform/clock.ts'
import { createFile, replaceFile } from '../../platform/files.ts'
import { makeFolder } from '../../platform/folder.ts'
import { shell } from '../../platform/shell.ts'
import { DROP_IN_SINCE, dropInText, MARK, sysusersText, type UnitOptions, unitTexts } from './unit-texts.ts'

/** authd writes units to the first of systemd's folders. A package has its own in the others. */
const OUR_FOLDER = '/etc/systemd/system'
const PACKAGE_FOLDERS = ['/usr/lib/systemd/system', '/lib/systemd/system']
export const UNIT_FOLDERS = [OUR_FOLDER, ...PACKAGE_FOLDERS]

export interface ServiceFile {
  path: string
  text: string
}

export interface UnitTarget {
  /** Put before each path, as systemctl --root does. */
  root: string
  /** Version of the systemd that reads the files. If unknown, only what every version supports is written. */
  systemdVersion: number | undefined
}

/** The files of an installation. */
export function serviceFiles(options: UnitOptions, { root, systemdVersion = 0 }: UnitTarget): ServiceFile[] {
  const { name } = options
  const dropIn = { path: `${OUR_FOLDER}/${name}.service.d/notify-reload.conf`, text: dropInText() }
  return [
    ...Object.entries(unitTexts(options)).map(([unit, text]) => ({ path: `${OUR_FOLDER}/${unit}`, text })),
    ...(systemdVersion >= DROP_IN_SINCE ? [dropIn] : []),
    { path: `/etc/sysusers.d/${name}.conf`, text: sysusersText(options) },
  ].map(({ path, text }) => ({ path: join(root, path), text }))
}

/** The unit file of a service that a package brought, which a file of the same name in /etc would replace. */
export function packagedUnit(name: string, root: string): string | undefined {
  return PACKAGE_FOLDERS.map((folder) => join(root, folder, `${name}.service`)).find(isOurs)
}

/** The command that starts the service now and at every boot. */
export function startCommand(root: string): string {
  const isInstalled = UNIT_FOLDERS.some((folder) => isOurs(join(root, folder, 'authd.service')))
  return isInstalled ? 'sudo systemctl enable --now authd' : 'sudo authd service install --now'
}

/** Rejects a service that a package has installed. */
export function refusePackagedUnit(name: string, root: string): void {
  const packaged = packagedUnit(name, root)
  if (packaged === undefined) return
  throw new AuthdError('FAILED', {
    message: `The package has installed ${packaged} already. Nothing was changed.`,
    suggestions: [shell`sudo systemctl enable --now ${name}`, shell`sudo systemctl edit ${name}`],
  })
}

/** The units of a service, with or without their files. */
function unitNames(name: string): string[] {
  return Object.keys(unitTexts({ name, user: name, program: '' }))
}

/** Those that systemd starts, except the one that the timer starts: the socket first, because a connection starts a service. */
export function startedUnits(name: string, root: string): string[] {
  return [`${name}.socket`, `${name}-backup.timer`, `${name}.service`].filter((unit) =>
    UNIT_FOLDERS.some((folder) => existsSync(join(root, folder, unit))),
  )
}

/** Rejects a unit name that another program uses, before anything is written, stopped or removed. */
export function refuseForeignUnit(name: string, root: string): void {
  const foreign = UNIT_FOLDERS.flatMap((folder) => unitNames(name).map((unit) => join(root, folder, unit))).find(
    (path) => existsSync(path) && !isOurs(path),
  )
  if (foreign === undefined) return
  throw new AuthdError('FAILED', {
    message: `${foreign} already exists and was not created by authd. Another program has a service named ${name}. Nothing was changed.`,
    suggestions: [shell`authd service install --name ${`${name}-server`}`],
  })
}

/** Writes a file. `updated` means that the old one was saved next to it, with the time in its name. */
export function writeServiceFile({ path, text }: ServiceFile): 'written' | 'unchanged' | 'updated' {
  const before = read(path)
  if (before === text) return 'unchanged'
  try {
    makeFolder(dirname(path))
    if (before !== undefined) createFile(`${path}.bak-${fileStamp(systemClock.now())}`, before, { mode: 0o644 })
    replaceFile(path, text, { mode: 0o644 })
  } catch (cause) {
    throw unwritable(path, cause)
  }
  return before === undefined ? 'written' : 'updated'
}

/** Removes a file that authd wrote. Returns false for other files. */
export function removeServiceFile(path: string): boolean {
  if (!isOurs(path)) return false
  rmSync(path)
  removeEmptied(dirname(path))
  return true
}

/** Removes the folder of drop-ins unless it has other files. */
function removeEmptied(folder: string): void {
  if (folder.endsWith('.service.d') && readdirSync(folder).length === 0) rmdirSync(folder)
}

function isOurs(path: string): boolean {
  return read(path)?.startsWith(MARK) ?? false
}

function read(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return undefined
  }
}
