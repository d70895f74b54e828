import { closest } from '../platform/closest.ts'
import { joinLayers, type Layer } from './layer.ts'
import { environmentNames } from './names.ts'
import { problemAt } from './problem.ts'
import { readValueFile } from './value-file.ts'
import type { ValueSource } from './value-source.ts'

export type Environment = Readonly<Record<string, string | undefined>>

/** Variables of authd that are not keys. */
const OTHERS = ['AUTHD_CONFIG', 'AUTHD_PAGER', 'AUTHD_NO_COLOR']

/** Kubernetes sets these in every container, for each service whose name begins with authd. */
const KUBERNETES = /^AUTHD(_\w+)?_(SERVICE_(HOST|PORT)(_\w+)?|PORT_\d+_(TCP|UDP|SCTP)(_(PROTO|PORT|ADDR))?)$/
/** And this as `…_PORT`, which can be the name of a key: `SMTP_PORT` for a service named smtp. */
const KUBERNETES_PORT = /^(tcp|udp|sctp):\/\/\S+:\d+$/

/** Reads the environment or a `.env`: each key has a variable (names.ts). `sourceOf` says where a variable was set. An empty variable counts as not set. */
export function readEnvLayer(env: Environment, sourceOf: (name: string) => ValueSource, cwd: string): Layer {
  const names = environmentNames()
  const layers = names.flatMap(({ name, key, isFile }): Layer[] => {
    // Shells and secret stores often add the line break.
    const value = key.secret ? env[name]?.replace(/\r?\n$/, '') : env[name]
    if (!value || isOfKubernetes(name, value)) return []
    const source = sourceOf(name)
    if (isFile) return [readValueFile(key, source, value, cwd)]
    const warnings = isQuoted(value) ? [problemAt(source, { key: key.key, ...QUOTED(name) })] : []
    return [{ candidates: [{ key, value, isText: true, source }], problems: [], warnings }]
  })
  const known = names.map(({ name }) => name)
  const problems = Object.keys(env)
    .filter((name) => name.startsWith('AUTHD_') && !known.includes(name) && !isNoKey(name, env[name]))
    .map((name) => {
      const near = closest(name, known)
      const suggestion = near ? `Did you mean ${near}?` : 'Unset it; "authd config env" lists all variables'
      return problemAt(sourceOf(name), { key: name, message: `unknown variable ${name}`, suggestion })
    })
  return joinLayers([...layers, { candidates: [], problems, warnings: [] }])
}

function isQuoted(value: string): boolean {
  return /^(["']).*\1$/s.test(value)
}

const QUOTED = (name: string) => ({
  message: `${name}: the quotes around the value are part of it`,
  suggestion: 'Remove them: docker --env-file keeps quotes',
})

/** A variable that configures authd. With one, `serve` does not choose development mode. */
export function findVariable(env: Environment): string | undefined {
  const known = new Set(environmentNames().map(({ name }) => name))
  return Object.keys(env).find(
    (name) =>
      env[name] &&
      !isOfKubernetes(name, env[name]) &&
      (known.has(name) || name === 'AUTHD_CONFIG' || (name.startsWith('AUTHD_') && !isNoKey(name, env[name]))),
  )
}

function isNoKey(name: string, value: string | undefined): boolean {
  return OTHERS.includes(name) || isOfKubernetes(name, value)
}

function isOfKubernetes(name: string, value = ''): boolean {
  return KUBERNETES.test(name) || (name.endsWith('_PORT') && KUBERNETES_PORT.test(value))
}
