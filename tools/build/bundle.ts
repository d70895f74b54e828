import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { type BuildOptions, build, type Plugin } from 'esbuild'
import { templatesModule } from '../templates.ts'

export interface BuildInfo {
  version: string
  commit: string | null
  /** When its commit was made, so that the same source gives the same bundle. */
  builtAt: string | null
}

/** Drivers and tools that our dependencies can do without. Whoever asks for one all the same is told. */
const ABSENT =
  /^(better-sqlite3|sqlite3|mysql|mysql2|mariadb(\/callback)?|oracledb|tedious|pg-native|pg-query-stream|cloudflare:sockets|ts-node|tsconfig-paths|esm|pnpapi|typescript|react-devtools-core)$/

/** Only the build and the compiler of operators' texts may need these: they are large, and what they make of ours is in the bundle already. */
const NOT_IN_THE_BUNDLE = /^node_modules\/(mjml|typescript|esbuild|handlebars\/dist\/cjs\/handlebars\/compiler)/

export interface Bundle {
  /** One function, in ASCII: `(function (exports, require, module, __filename, __dirname) {…})`. */
  text: string
  /** The files that went into it, from the root on. */
  files: string[]
}

/** Names and lines stay, since an uncaught error prints them; it costs no start-up time. */
const OPTIONS = {
  bundle: true,
  write: false,
  metafile: true,
  platform: 'node',
  target: 'node24',
  define: { 'process.env.NODE_ENV': '"production"', 'process.env.DEV': '"false"' },
  minifySyntax: true,
  lineLimit: 160,
  legalComments: 'none',
  logLevel: 'silent',
} satisfies BuildOptions

/** The whole program but for what draws, and nothing that it would have to find beside itself. */
export async function bundle(root: string, entry: string, info: BuildInfo): Promise<Bundle> {
  const made = await bundleAll(root, entry, info)
  const unwanted = made.files.filter((file) => NOT_IN_THE_BUNDLE.test(file))
  if (unwanted.length > 0) throw new Error(`in the bundle, and should not be: ${unwanted.join(', ')}`)
  return made
}

/** With whatever it asks for, compilers too. */
export async function bundleAll(root: string, entry: string, info: BuildInfo): Promise<Bundle> {
  const { outputFiles, metafile, warnings } = await build({
    ...OPTIONS,
    absWorkingDir: root,
    entryPoints: [entry],
    format: 'cjs',
    // Whoever is bundled is called, and does not start by itself.
    define: { ...OPTIONS.define, 'import.meta.main': 'false' },
    plugins: [absent, replace(root, info)],
  })
  const files = Object.keys(metafile.inputs)
  const lost = warnings.find(({ id }) => id === 'empty-import-meta')
  if (lost) throw new Error(`${lost.location?.file} looks for files beside itself, and there are none in a single file`)
  const text = toAscii(outputFiles[0]?.text ?? '')
  return { text: `(function (exports, require, module, __filename, __dirname) {${text}\n})`, files }
}

/** What draws `authd top`, as one module: it awaits at its top, which a CommonJS bundle cannot. Loaded by that command alone. */
export async function bundleTui(root: string): Promise<Bundle> {
  const { outputFiles, metafile } = await build({
    ...OPTIONS,
    absWorkingDir: root,
    entryPoints: ['src/cli/tui/start.ts'],
    format: 'esm',
    // CommonJS packages in it ask for modules of Node.
    banner: { js: "import { createRequire } from 'node:module'; const require = createRequire('file:///');" },
    plugins: [absent],
  })
  return { text: toAscii(outputFiles[0]?.text ?? ''), files: Object.keys(metafile.inputs) }
}

/** A module of an asset has no place of its own: a data URL is one. */
const LOAD_TUI = `
import { getRawAsset } from 'node:sea'
import { constants, Script } from 'node:vm'
export async function loadTui() {
  const source = Buffer.from(getRawAsset('tui.mjs')).toString('base64')
  const options = { importModuleDynamically: constants.USE_MAIN_CONTEXT_DEFAULT_LOADER }
  return await new Script('(url) => import(url)', options).runInThisContext()('data:text/javascript;base64,' + source)
}`

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

/** Modules that read or load files of the source tree are replaced by what takes it from the single file. */
function replace(root: string, info: BuildInfo): Plugin {
  const replacements: Record<string, () => Promise<string>> = {
    'src/platform/texts/templates.ts': templatesModule,
    'src/mail/overrides/program.ts': async () => "export const OVERRIDE_PROGRAM = ['--compile-texts']",
    'src/cli/top/load-tui.ts': async () => LOAD_TUI,
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
