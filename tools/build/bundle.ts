import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { type BuildOptions, build, type Plugin } from 'esbuild'
import { templatesModule } from '../templates.ts'

export interface BuildInfo {
  version: string
  commit: string | null
  /** When its commit was made, or SOURCE_DATE_EPOCH, so that the same source gives the same bytes. */
  builtAt: string | null
}

/** Optional drivers and tools of our dependencies. Requiring one in the single file throws an error that says so. */
const ABSENT =
  /^(better-sqlite3|sqlite3|mysql|mysql2|mariadb(\/callback)?|oracledb|tedious|pg-native|pg-query-stream|cloudflare:sockets|ts-node|tsconfig-paths|esm|pnpapi|typescript|react-devtools-core)$/

/** Large packages that only the build and the compiler of operators' templates need. Our own templates are compiled already. */
const NOT_IN_THE_BUNDLE = /^node_modules\/(mjml|typescript|esbuild|handlebars\/dist\/cjs\/handlebars\/compiler)/

export interface Bundle {
  /** One function, in ASCII: `(function (exports, require, module, __filename, __dirname) {…})`. */
  text: string
  /** The files in the bundle, by path from the root of the project. */
  files: string[]
}

/** Keeps names and lines, because an uncaught error prints them. This costs no start-up time. */
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

/** The whole program except the terminal interface. It needs no other files at run time. */
export async function bundle(root: string, entry: string, info: BuildInfo): Promise<Bundle> {
  const made = await bundleAll(root, entry, info)
  const unwanted = made.files.filter((file) => NOT_IN_THE_BUNDLE.test(file))
  if (unwanted.length > 0) throw new Error(`in the bundle, and should not be: ${unwanted.join(', ')}`)
  return made
}

/** Bundles a program with everything that it imports, compilers included. */
export async function bundleAll(root: string, entry: string, info: BuildInfo): Promise<Bundle> {
  const { outputFiles, metafile, warnings } = await build({
    ...OPTIONS,
    absWorkingDir: root,
    entryPoints: [entry],
    format: 'cjs',
    // The bundle is called by its loader, so it must not start by itself.
    define: { ...OPTIONS.define, 'import.meta.main': 'false' },
    plugins: [absent, replace(root, info)],
  })
  const files = Object.keys(metafile.inputs)
  const lost = warnings.find(({ id }) => id === 'empty-import-meta')
  if (lost) throw new Error(`${lost.location?.file} looks for files beside itself, and there are none in a single file`)
  const text = toAscii(outputFiles[0]?.text ?? '')
  return { text: `(function (exports, require, module, __filename, __dirname) {${text}\n})`, files }
}

/** The terminal interface of `authd top` as one ES module, because it uses top-level await. Only that command loads it. */
export async function bundleTui(root: string): Promise<Bundle> {
  const { outputFiles, metafile } = await build({
    ...OPTIONS,
    absWorkingDir: root,
    entryPoints: ['src/cli/tui/start.ts'],
    format: 'esm',
    // CommonJS packages in the bundle require Node's modules.
    banner: { js: "import { createRequire } from 'node:module'; const require = createRequire('file:///');" },
    plugins: [absent],
  })
  return { text: toAscii(outputFiles[0]?.text ?? ''), files: Object.keys(metafile.inputs) }
}

/** A module loaded from an asset has no path, so it is imported from a data URL. */
const LOAD_TUI = `
import { getRawAsset } from 'node:sea'
import { constants, Script } from 'node:vm'
export async function loadTui() {
  const source = Buffer.from(getRawAsset('tui.mjs')).toString('base64')
  const options = { importModuleDynamically: constants.USE_MAIN_CONTEXT_DEFAULT_LOADER }
  return await new Script('(url) => import(url)', options).runInThisContext()('data:text/javascript;base64,' + source)
}`

/** Escapes everything outside ASCII. Node then reads the bundle as Latin-1, which needs half the memory and no decoding. */
function toAscii(text: string): string {
  return text.replace(/[\u0080-\uffff]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`)
}

export function buildInfo(root: string): BuildInfo {
  const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))
  const { SOURCE_DATE_EPOCH: epoch } = process.env
  const asked = epoch === undefined ? null : new Date(Number(epoch) * 1000).toISOString()
  try {
    const ask = (...options: string[]) =>
      execFileSync('git', options, { cwd: root, encoding: 'utf8', stdio: 'pipe' }).trim()
    const isChanged = ask('status', '--porcelain', '--untracked-files=no') !== ''
    return {
      version,
      commit: ask('rev-parse', '--short=12', 'HEAD') + (isChanged ? '+' : ''),
      builtAt: asked ?? ask('log', '-1', '--format=%cI'),
    }
  } catch {
    // An unpacked archive has no git history. The version alone identifies the build.
    return { version, commit: null, builtAt: asked }
  }
}

const absent: Plugin = {
  name: 'absent',
  setup(build) {
    build.onResolve({ filter: ABSENT }, ({ path }) => ({ path, namespace: 'absent' }))
    build.onLoad({ filter: /.*/, namespace: 'absent' }, ({ path }) => ({
      contents: `throw Object.assign(new Error('${path} is not part of authd'), { code: 'MODULE_NOT_FOUND' })`,
    }))
  },
}

/** Replaces modules that read files of the source tree with modules that read them from the single file. */
function replace(root: string, info: BuildInfo): Plugin {
  const replacements: Record<string, () => Promise<string>> = {
    'src/platform/texts/templates.ts': templatesModule,
    'src/mail/overrides/program.ts': async () => "export const OVERRIDE_PROGRAM = ['--compile-texts']",
    'src/startup/inspection-program.ts': async () => "export const INSPECTION_PROGRAM = ['--inspect-copy']",
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
