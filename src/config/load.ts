import { stringify } from 'smol-toml'
import { AuthdError } from '../errors.ts'
import { readCredentialLayer } from './credential-layer.ts'
import {
  envFileBeside,
  type OwnerOf,
  ownerOnDisk,
  refuseForeignOwner,
  type Searched,
  searchConfig,
} from './discover.ts'
import { type Environment, findVariable, readEnvLayer } from './env-layer.ts'
import { readFileLayer } from './file-layer.ts'
import { STDIN } from './layer.ts'
import { type Settled, settle } from './merge-and-check.ts'
import { readDotenvLayer, readFlagLayer } from './plain-layers.ts'
import { formatProblems } from './problem.ts'
import { referenceFor } from './reference.ts'
import type { Config } from './schema.ts'
import { readText, warnOfWriters } from './value-file.ts'

export interface LoadInput {
  /** By key: `{ 'server.port': 4000 }`. They override all other sources. */
  flags?: Readonly<Record<string, string | number | boolean>> | undefined
  env?: Environment | undefined
  cwd?: string | undefined
  uid?: number | undefined
  /** Asks the file system, except in tests. */
  ownerOf?: OwnerOf | undefined
  /** Development mode: no file is read, and missing keys get values for development. */
  dev?: boolean | undefined
  /** The value of `--config`. `-` means the text in `stdin`. */
  configPath?: string | undefined
  stdin?: string | undefined
  /** Replaces the `.env` beside the configuration file. */
  envFile?: string | undefined
  /** Whether the files that a start needs are read, too. */
  checksFiles?: boolean | undefined
  /** `/etc/authd`, except in tests. */
  systemDir?: string | undefined
}

export interface Loaded extends Omit<Settled, 'problems'> {
  /** The configuration file, if one was found. */
  path: string | undefined
  searched: Searched[]
}

/** Loads the configuration. Throws CONFIG_INVALID with all problems. */
export function loadConfig(input: LoadInput = {}): Loaded {
  return refuseProblems(inspectConfig(input), input)
}

/** The configuration without its problems. Throws CONFIG_INVALID if it has any. */
export function refuseProblems({ problems, ...loaded }: Loaded & Settled, input: LoadInput): Loaded {
  if (problems.length === 0) return loaded
  const isNowhere = loaded.path === undefined && input.dev !== true
  const looked = isNowhere ? ` No file was found at ${loaded.searched.map(({ path }) => path).join(', ')}.` : ''
  const variable = isNowhere ? findVariable(input.env ?? process.env) : undefined
  const needsFlag = variable ? ` Because ${variable} is set, development mode needs --dev.` : ''
  throw new AuthdError('CONFIG_INVALID', {
    lines: [`The configuration is invalid.${looked}${needsFlag}`, ...formatProblems(problems)],
    details: { problems, warnings: loaded.warnings },
    suggestions: [...(isNowhere ? ['authd init', 'authd serve --dev'] : []), referenceFor(problems)],
  })
}

/** Like `loadConfig`, but returns the problems instead of throwing. `config` is valid only without problems. */
export function inspectConfig(input: LoadInput): Loaded & Settled {
  const { env = process.env, cwd = process.cwd(), uid = process.getuid?.(), dev: isDev = false } = input
  const { configPath, systemDir = '/etc/authd', ownerOf = ownerOnDisk } = input
  const searched = isDev ? [] : searchConfig({ env, cwd, configPath, systemDir })
  const path = takeFile(searched, { uid, ownerOf })
  const beside = path === undefined || path === STDIN ? undefined : envFileBeside(path)
  const texts = new Map<string, string>()
  const layers = [
    readFlagLayer(input.flags ?? {}),
    readCredentialLayer(env['CREDENTIALS_DIRECTORY']),
    readEnvLayer(env, (name) => ({ kind: 'env', name }), cwd),
    readDotenvLayer(input.envFile ?? beside, cwd, texts),
  ]
  if (path !== undefined) {
    const text = (path === STDIN ? input.stdin : readText(path)) ?? ''
    texts.set(path, text)
    if (path !== STDIN) layers.push({ candidates: [], problems: [], warnings: warnOfWriters(path) })
    layers.push(readFileLayer({ path, text }, cwd))
  }
  return { ...settle(layers, { isDev, cwd, texts, path, checksFiles: input.checksFiles }), path, searched }
}

const MADE_UP = { public_url: 'http://localhost:3000', 'smtp.host': 'localhost', 'mail.from': 'authd@example.com' }

/**
 * Parses the content of a configuration file, for tests and tools. A missing address or mail server gets a sample
 * value.
 */
export function parseConfig(table: Readonly<Record<string, unknown>>, cwd = process.cwd()): Config {
  const file = { path: STDIN, text: stringify(table) }
  const layer = readFileLayer(file, cwd)
  const madeUp = Object.entries(MADE_UP).filter(([key]) => !layer.candidates.some((one) => one.key.key === key))
  const texts = new Map([[file.path, file.text]])
  const layers = [layer, readFlagLayer(Object.fromEntries(madeUp))]
  const { config, problems } = settle(layers, { isDev: false, cwd, texts, path: file.path })
  if (problems.length === 0) return config
  throw new AuthdError('CONFIG_INVALID', { lines: formatProblems(problems), details: { problems } })
}

function takeFile(
  searched: readonly Searched[],
  owner: { uid: number | undefined; ownerOf: OwnerOf },
): string | undefined {
  const found = searched.find(({ exists }) => exists)
  const [named] = searched
  if (!found && (named?.why === '--config' || named?.why === 'AUTHD_CONFIG')) {
    throw new AuthdError('CONFIG_INVALID', {
      message: `${named.why}: the file ${named.path} does not exist.`,
      details: { problems: [{ path: named.path, key: '', message: 'no such file' }], warnings: [] },
      suggestions: ['authd init', 'authd config path'],
    })
  }
  if (found) refuseForeignOwner(found, owner)
  return found?.path
}
