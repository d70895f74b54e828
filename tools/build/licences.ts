import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

const TEXT = /^(licen[cs]e|copying|notice)/i

/** The licence texts of all packages in the executable, and of its Node. Most licences require that they are distributed with it. */
export function licences(root: string, files: string[], node: string): string {
  const folders = packagesOf(files).map((folder) => join(root, folder))
  return [...folders, node].map(entry).join(`\n${'-'.repeat(80)}\n\n`)
}

/** The folders of the packages of these files, sorted. All are paths from the root of the project. */
export function packagesOf(files: string[]): string[] {
  const folders = files.map((file) => /^(.*node_modules\/(?:@[^/]+\/)?[^/]+)\//.exec(file)?.[1] ?? '')
  return [...new Set(folders)].filter((folder) => folder !== '').sort()
}

function entry(folder: string): string {
  const { name, version, license } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'))
  const texts = readdirSync(folder).filter((file) => TEXT.test(file))
  return [`${name} ${version} (${license})`, ...texts.map((file) => readFileSync(join(folder, file), 'utf8'))].join(
    '\n\n',
  )
}
