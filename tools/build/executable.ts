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
import { type BuildInfo, bundle, bundleAll, bundleTui } from './bundle.ts'
import type { Machine } from './machine.ts'

/** The marker in Node's binary that says whether it carries a program. */
const FUSE = 'NODE_SEA_FUSE_fce680ab2cc467b6e072b8b5df1996b2'

/** The commands that run before the code cache is saved: those that operators type most. */
const WARM_UP = ['migrate up', 'users list --json', 'sessions list', '--help']

const ASSETS = ['authd.cjs', 'authd.cache', 'tui.mjs', 'texts.cjs.gz']

const NODE_OPTIONS = ['--disable-warning=ExperimentalWarning']

/** V8 lays out its cache by hashes with a random seed. With this one, each build makes the same bytes. */
const SAME_CACHE = ['--hash-seed=1', '--random-seed=1']

/** Writes what the executables for all machines share into a folder. Returns the bundled files, by path from the root of the project. */
export async function makeBundles(root: string, work: string, info: BuildInfo): Promise<string[]> {
  rmSync(work, { recursive: true, force: true })
  mkdirSync(work, { recursive: true })
  const [main, tui, compiler] = await Promise.all([
    bundle(root, 'src/cli/main.ts', info),
    bundleTui(root),
    bundleAll(root, 'src/mail/overrides/worker.ts', info),
  ])
  writeFileSync(join(work, 'authd.cjs'), main.text)
  writeFileSync(join(work, 'tui.mjs'), tui.text)
  writeFileSync(join(work, 'texts.cjs.gz'), gzipSync(compiler.text, { level: 9 }))
  const stub = readFileSync(join(import.meta.dirname, 'stub.cjs'), 'latin1')
  writeFileSync(join(work, 'stub.cjs'), stub.replace('__VERSION__', `authd ${info.version}`))
  return [...new Set([main, tui, compiler].flatMap((made) => made.files))].sort()
}

/** Makes the single file for a machine of what `makeBundles` wrote. */
export function makeExecutable(work: string, machine: Machine, target: string): void {
  takeCodeCache(work, machine)
  const seaConfig = {
    // Node keeps this path in the file, so it does not name the folder of the build.
    main: 'stub.cjs',
    output: 'authd.blob',
    disableExperimentalSEAWarning: true,
    execArgv: NODE_OPTIONS,
    // Otherwise a caller's NODE_OPTIONS could load any script into the program.
    execArgvExtension: 'none',
    useSnapshot: false,
    useCodeCache: false,
    assets: Object.fromEntries(ASSETS.map((name) => [name, name])),
  }
  writeFileSync(join(work, 'sea.json'), JSON.stringify(seaConfig))
  runQuietly(work, '--experimental-sea-config', 'sea.json')
  const draft = join(work, 'authd')
  copyFileSync(machine.node, draft)
  chmodSync(draft, 0o755)
  const postject = createRequire(import.meta.url).resolve('postject/dist/cli.js')
  runQuietly(work, postject, draft, 'NODE_SEA_BLOB', 'authd.blob', '--sentinel-fuse', FUSE)
  // Renamed into place, so that a running authd keeps its own file.
  renameSync(draft, target)
}

/** V8 accepts a cache only from a machine of the same kind. */
function takeCodeCache(work: string, { runNode: [program, ...options] }: Machine): void {
  const folder = mkdtempSync(join(tmpdir(), 'authd-build-'))
  // Commands without a configuration use this folder of development mode.
  mkdirSync(join(folder, 'authd-data'))
  const script = join(import.meta.dirname, 'warm-up.cjs')
  const typed = [...NODE_OPTIONS, ...SAME_CACHE, script, join(work, 'authd.cjs'), join(work, 'authd.cache'), ...WARM_UP]
  try {
    execFileSync(program, [...options, ...typed], {
      cwd: folder,
      env: { PATH: '' },
      stdio: ['ignore', 'ignore', 'inherit'],
    })
  } finally {
    rmSync(folder, { recursive: true })
  }
}

/** Runs a tool quietly. Its output becomes part of the error if it fails. */
function runQuietly(cwd: string, ...args: string[]): void {
  execFileSync(process.execPath, args, { cwd, stdio: 'pipe' })
}
