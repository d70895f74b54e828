import { execFileSync } from 'node:child_process'
import {
  chmodSync,
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { buildInfo, bundle, bundleAll, bundleTui } from './build/bundle.ts'
import { licences } from './build/licences.ts'
import { measure } from './build/measure.ts'

const root = join(import.meta.dirname, '..')
const work = join(root, 'dist/parts')
const target = join(root, 'dist/authd')
const entry = process.argv[2] ?? 'src/cli/main.ts'

/** The marker in Node's binary that says whether it carries a program. */
const FUSE = 'NODE_SEA_FUSE_fce680ab2cc467b6e072b8b5df1996b2'

/** The commands that run before the code cache is saved: those that operators type most. */
const WARM_UP = ['migrate up', 'users list --json', 'sessions list', '--help']

const ASSETS = ['authd.cjs', 'authd.cache', 'tui.mjs', 'texts.cjs.gz']

const NODE_OPTIONS = ['--disable-warning=ExperimentalWarning']

rmSync(work, { recursive: true, force: true })
mkdirSync(work, { recursive: true })
const info = buildInfo(root)
const [main, tui, compiler] = await Promise.all([
  bundle(root, entry, info),
  bundleTui(root),
  bundleAll(root, 'src/mail/overrides/worker.ts', info),
])
writeFileSync(join(work, 'authd.cjs'), main.text)
writeFileSync(join(work, 'tui.mjs'), tui.text)
writeFileSync(join(work, 'texts.cjs.gz'), gzipSync(compiler.text, { level: 9 }))
const files = new Set([main, tui, compiler].flatMap((made) => made.files))
writeFileSync(join(root, 'dist/LICENSES.txt'), licences(root, [...files]))
takeCodeCache()
makeExecutable(`authd ${info.version}`)
console.log(await measure(target))

function takeCodeCache(): void {
  const folder = mkdtempSync(join(tmpdir(), 'authd-build-'))
  // Commands without a configuration use this folder of development mode.
  mkdirSync(join(folder, 'authd-data'))
  const script = join(import.meta.dirname, 'build/warm-up.cjs')
  const options = [...NODE_OPTIONS, script, join(work, 'authd.cjs'), join(work, 'authd.cache'), ...WARM_UP]
  try {
    execFileSync(process.execPath, options, { cwd: folder, env: { PATH: '' }, stdio: ['ignore', 'ignore', 'inherit'] })
  } finally {
    rmSync(folder, { recursive: true })
  }
}

function makeExecutable(version: string): void {
  const stub = readFileSync(join(import.meta.dirname, 'build/stub.cjs'), 'latin1').replace('__VERSION__', version)
  writeFileSync(join(work, 'stub.cjs'), stub)
  const seaConfig = {
    main: join(work, 'stub.cjs'),
    output: join(work, 'authd.blob'),
    disableExperimentalSEAWarning: true,
    execArgv: NODE_OPTIONS,
    // Otherwise a caller's NODE_OPTIONS could load any script into the program.
    execArgvExtension: 'none',
    useSnapshot: false,
    useCodeCache: false,
    assets: Object.fromEntries(ASSETS.map((name) => [name, join(work, name)])),
  }
  writeFileSync(join(work, 'sea.json'), JSON.stringify(seaConfig))
  runQuietly('--experimental-sea-config', join(work, 'sea.json'))
  const draft = join(work, 'authd')
  copyFileSync(process.execPath, draft)
  chmodSync(draft, 0o755)
  const postject = createRequire(import.meta.url).resolve('postject/dist/cli.js')
  runQuietly(postject, draft, 'NODE_SEA_BLOB', seaConfig.output, '--sentinel-fuse', FUSE)
  // Renamed into place, so that a running authd keeps its own file.
  renameSync(draft, target)
}

/** Runs a tool quietly. Its output becomes part of the error if it fails. */
function runQuietly(...args: string[]): void {
  execFileSync(process.execPath, args, { stdio: 'pipe' })
}
