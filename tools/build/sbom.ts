import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { BuildInfo } from './bundle.ts'
import { packagesOf } from './licences.ts'
import type { Machine } from './machine.ts'

type Licence = { license: { id: string } | { name: string } } | { expression: string }

interface Component {
  type: 'library' | 'framework'
  name: string
  version: string
  purl: string
  'bom-ref': string
  licenses?: Licence[]
  hashes?: { alg: 'SHA-512'; content: string }[]
  components?: Component[]
}

/** What is in an executable, as CycloneDX 1.6: the bundled packages, Node, and the libraries in Node. */
export function sbom(root: string, info: BuildInfo, files: string[], machine: Machine, program: string): string {
  const lock = JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8')).packages
  const listed = packagesOf(files).map((folder) => npmComponent(join(root, folder), lock[folder]?.integrity))
  // npm puts one package into several folders if its users need different versions of others.
  const bundled = new Map(listed.map((component) => [component.purl, component])).values()
  const own = `pkg:generic/authd@${info.version}`
  const components = [...bundled, nodeComponent(machine, lock[`node_modules/node-linux-${machine.arch}`]?.integrity)]
  return `${JSON.stringify(
    {
      bomFormat: 'CycloneDX',
      specVersion: '1.6',
      version: 1,
      metadata: {
        ...(info.builtAt && { timestamp: new Date(info.builtAt).toISOString() }),
        component: {
          type: 'application',
          name: 'authd',
          version: info.version,
          purl: own,
          'bom-ref': own,
          licenses: [{ license: { id: 'MIT' } }],
          hashes: [{ alg: 'SHA-256', content: createHash('sha256').update(readFileSync(program)).digest('hex') }],
        },
      },
      components,
      dependencies: [{ ref: own, dependsOn: components.map((component) => component['bom-ref']) }],
    },
    null,
    2,
  )}\n`
}

function npmComponent(folder: string, integrity: string | undefined): Component {
  const { name, version, license } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'))
  const purl = `pkg:npm/${name.replace('@', '%40')}@${version}`
  return {
    type: 'library',
    name,
    version,
    purl,
    'bom-ref': purl,
    licenses: [licenceOf(license)],
    ...(integrity && { hashes: [{ alg: 'SHA-512', content: hex(integrity) }] }),
  }
}

/** An SPDX id, an SPDX expression, or what else a package says. */
function licenceOf(text: string): Licence {
  if (/^[\w.+-]+$/.test(text)) return { license: { id: text } }
  return / (AND|OR|WITH) /.test(text) ? { expression: text } : { license: { name: text } }
}

/** Node as npm delivers it. Scanners find faults of OpenSSL or SQLite by the libraries in it. */
function nodeComponent(machine: Machine, integrity: string | undefined): Component {
  const [program, ...options] = machine.runNode
  const versions: Record<string, string> = JSON.parse(
    execFileSync(program, [...options, '-p', 'JSON.stringify(process.versions)'], { encoding: 'utf8' }),
  )
  const { node, modules, napi, ...libraries } = versions
  const known = Object.entries(libraries).filter(([, version]) => version !== '')
  const parts = known.map(([name, version]): Component => {
    const purl = `pkg:generic/${name}@${encodeURIComponent(version)}`
    return { type: 'library', name, version, purl, 'bom-ref': `node/${purl}` }
  })
  return { ...npmComponent(machine.package, integrity), type: 'framework', components: parts }
}

function hex(integrity: string): string {
  return Buffer.from(integrity.replace('sha512-', ''), 'base64').toString('hex')
}
