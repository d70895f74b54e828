import { execFileSync } from 'node:child_process'
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { onTestFinished } from 'vitest'
import { canRun, EXAMPLES } from './example.ts'
import { TEMPORARY } from './temporary.ts'
import { tryExample } from './token-trial.ts'

/** Python with the packages of the example. Debian's is not always the first in PATH. */
const PYTHON = ['python3', '/usr/bin/python3'].find((python) => canRun(python, '-c', 'import flask, jwt, cryptography'))
/** Where Debian puts Go packages (golang-github-coreos-go-oidc-dev). */
const GO_PACKAGES = '/usr/share/gocode'
/** Where Debian puts Rust packages (librust-jsonwebtoken-dev, librust-tiny-http-dev, librust-ureq-dev). */
const CRATES = '/usr/share/cargo/registry'
const GO_OIDC = join(GO_PACKAGES, 'src/github.com/coreos/go-oidc')
const HAS_GO = canRun('go', 'version') && canRun('test', '-d', GO_OIDC)

interface ExampleApp {
  name: string
  isHere: boolean
  isSlow?: boolean
  run: () => Promise<void>
}

/** The examples that judge tokens. `isSlow`: it compiles for more than three seconds, so only `npm run torture` runs it. */
const EXAMPLE_APPS: ExampleApp[] = [
  {
    name: 'Node',
    isHere: true,
    run: () => tryExample({ command: [process.execPath, 'node/app.js'], asks: false }),
  },
  {
    name: 'Python (Flask)',
    isHere: PYTHON !== undefined,
    run: () => tryExample({ command: [PYTHON ?? '', 'python-flask/app.py'], asks: false }),
  },
  {
    name: 'Python (asks authd)',
    isHere: canRun('python3', '--version'),
    run: () => tryExample({ command: ['python3', 'python/app.py'], asks: true }),
  },
  {
    name: 'PHP',
    isHere: canRun('php', '--version'),
    run: () => tryExample({ command: ['php', '-S', '127.0.0.1:0', 'php/index.php'], asks: true }),
  },
  {
    name: 'Go',
    isHere: HAS_GO,
    run: () => tryExample({ command: [builtWithGo()], asks: false }),
  },
  {
    name: 'Go, renewing its keys every millisecond',
    isHere: HAS_GO,
    run: () =>
      tryExample({
        command: [builtWithGo((source) => source.replace('time.Minute', 'time.Millisecond'))],
        asks: false,
        renews: true,
      }),
  },
  {
    name: 'Rust',
    isHere: canRun('cargo', '--version') && canRun('test', '-d', join(CRATES, 'jsonwebtoken-8.2.0')),
    isSlow: true,
    run: () => tryExample({ command: [builtWithCargo()], asks: false }),
  },
]

/** Builds without a network. The package of the example's version 3 is Debian's version 2, which has the same calls. */
function builtWithGo(change: (source: string) => string = (source) => source): string {
  const folder = buildFolder()
  const parent = join(folder, 'src/github.com/coreos/go-oidc/v3')
  mkdirSync(parent, { recursive: true })
  symlinkSync(GO_OIDC, join(parent, 'oidc'))
  const env = { GO111MODULE: 'off', GOFLAGS: '', GOPATH: `${folder}:${GO_PACKAGES}`, GOCACHE: join(folder, 'cache') }
  writeFileSync(join(folder, 'main.go'), change(readFileSync(join(EXAMPLES, 'go/main.go'), 'utf8')))
  execFileSync('go', ['build', '-o', 'app', 'main.go'], { cwd: folder, env: { ...process.env, ...env } })
  return join(folder, 'app')
}

function builtWithCargo(): string {
  const folder = buildFolder()
  cpSync(join(EXAMPLES, 'rust'), folder, { recursive: true })
  const source = ['source.crates-io.replace-with="debian"', `source.debian.directory="${CRATES}"`]
  execFileSync('cargo', ['build', '--offline', ...source.flatMap((setting) => ['--config', setting])], { cwd: folder })
  return join(folder, 'target/debug/example')
}

function buildFolder(): string {
  const folder = mkdtempSync(join(TEMPORARY, 'authd-example-'))
  onTestFinished(() => rmSync(folder, { recursive: true }))
  return folder
}

/** Says which examples are left out, because their runtime is missing. Returns the others. */
export function examplesHere() {
  const missing = EXAMPLE_APPS.filter(({ isHere }) => !isHere).map(({ name }) => name)
  if (missing.length > 0) process.stderr.write(`Left out, because their runtime is missing: ${missing.join(', ')}\n`)
  return EXAMPLE_APPS.filter(({ isHere }) => isHere)
}
