import { existsSync, readdirSync, readFileSync, rmdirSync, rmSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { AuthdError } from '../../errors.ts'
import { unwritable } from '../../flows/shown-error.ts'
import { fileStamp, systemClock } from '../../platform/clock.ts'
import { createFile, replaceFile } from '../../platform/files.ts'
import { makeFolder } from '../../platform/folder.ts'
import { shell } from '../../platform/shell.ts'
import { MARK, NOTIFY_RELOAD_SINCE, notifyReloadText, sysusersText, type UnitOptions, unitTexts } from './unit.ts'

/** The unit folders of systemd. authd writes to the first. */
export const UNIT_FOLDERS = ['/etc/systemd/system', '/usr/lib/systemd/system', '/lib/systemd/system']

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
  const reload = { path: `/etc/systemd/system/${name}.service.d/notify-reload.conf`, text: notifyReloadText() }
  return [
    ...Object.entries(unitTexts(options)).map(([unit, text]) => ({ path: `/etc/systemd/system/${unit}`, text })),
    ...(systemdVersion >= NOTIFY_RELOAD_SINCE ? [reload] : []),
    { path: `/etc/sysusers.d/${name}.conf`, text: sysusersText(options) },
  ].map(({ path, text }) => ({ path: join(root, path), text }))
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
