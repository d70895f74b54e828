import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { build, type Plugin } from 'esbuild'
import { templatesModule } from '../templates.ts'

export interface BuildInfo {
  version: string
  commit: string | null
  /** When its commit was made, so that the same source gives the same bundle. */
  builtAt: string | null
}

/** Drivers and tools that our dependencies can do without. Whoever asks for one all the same is told. */
const ABSENT =
  /^(better-sqlite3|sqlite3|mysql|mysql2|mariadb(\/callback)?|oracledb|tedious|pg-native|pg-query-stream|cloudflare:sockets|ts-node|tsconfig-paths|esm|pnpapi)$/

/** Only the build may need these: they are large, and what they make is in the bundle already. */
const NOT_IN_THE_BUNDLE = /^node_modules\/(mjml|typescript|esbuild|handlebars\/dist\/cjs\/handlebars\/compiler)/

/** The whole program as the text of one function, in ASCII: `(function (exports, require, module, __filename, __dirname) {…})`. */
export async function bundle(root: string, entry: string, info: BuildInfo): Promise<string> {
  const { outputFiles, metafile } = await build({
    absWorkingDir: root,
    entryPoints: [entry],
    bundle: true,
    write: false,
    metafile: true,
    format: 'cjs',
    platform: 'node',
    target: 'node24',
    define: { 'process.env.NODE_ENV': '"production"' },
    // Names and lines stay, since an uncaught error prints them; it costs no start-up time.
    minifySyntax: true,
    lineLimit: 160,
    legalComments: 'none',
    logLevel: 'silent',
    plugins: [absent, replace(root, info)],
  })
  const unwanted = Object.keys(metafile.inputs).filter((file) => NOT_IN_THE_BUNDLE.test(file))
  if (unwanted.length > 0) throw new Error(`in the bundle, and should not be: ${unwanted.join(', ')}`)
  const text = outputFiles[0]?.text ?? ''
  return `(function (exports, require, module, __filename, __dirname) {${toAscii(text)}\n})`
}

/** Read as Latin-1, which takes half the memory and no decoding; what is left outside ASCII stands in regexes. */
function toAscii(text: string): string {
  return text.replace(/[\u0080-\uffff]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`)
}

export function buildInfo(root: string): BuildInfo {
  const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))
  try {
    const ask = (...options: string[]) =>
      execFileSync('git', options, { cwd: root, encoding: 'utf8', stdio: 'pipe' }).trim()
    const isChanged = ask('status', '--porcelain', '--untracked-files=no') !== ''
    return {
      version,
      commit: ask('rev-parse', '--short=12', 'HEAD') + (isChanged ? '+' : ''),
      builtAt: ask('log', '-1', '--format=%cI'),
    }
  } catch {
    // From an archive, without git: the version has to do.
    return { version, commit: null, builtAt: null }
  }
}

const absent: Plugin = {
  name: 'absent',
  setup(build) {
    build.onResolve({ filter: ABSENT }, ({ path }) => ({ path, namespace: 'absent' }))
    build.onLoad({ filter: /.*/, namespace: 'absent' }, ({ path }) => ({
      contents: `throw Object.assign(new Error('${path} is no part of authd'), { code: 'MODULE_NOT_FOUND' })`,
    }))
  },
}

/** Modules that read files in the source tree are replaced by what they would have read. */
function replace(root: string, info: BuildInfo): Plugin {
  const replacements: Record<string, () => Promise<string>> = {
    'src/platform/templates.ts': templatesModule,
    'src/build-info.ts': async () => `export const BUILD = ${JSON.stringify(info)}`,
  }
  return {
    name: 'replace',
    setup(build) {
      for (const [file, contents] of Object.entries(replacements)) {
        const path = join(root, file)
        build.onLoad({ filter: new RegExp(`${file}$`) }, async (found) =>
          found.path === path ? { contents: await contents(), loader: 'js', resolveDir: root } : undefined,
        )
      }
    },
  }
}
