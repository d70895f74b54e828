import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { describe, onTestFinished, test } from 'vitest'
import { canRun, EXAMPLES } from '../support/example.ts'
import { TEMPORARY } from '../support/temporary.ts'
import { tryExample } from '../support/token-trial.ts'

/** Python with the packages of the example. Debian's is not always the first in PATH. */
const PYTHON = ['python3', '/usr/bin/python3'].find((python) => canRun(python, '-c', 'import flask, jwt, cryptography'))
/** Where Debian puts Go packages (golang-github-coreos-go-oidc-dev). */
const GO_PACKAGES = '/usr/share/gocode'
const GO_OIDC = join(GO_PACKAGES, 'src/github.com/coreos/go-oidc')

const EXAMPLE_APPS = [
  {
    name: 'Node',
    isHere: true,
    run: () => tryExample({ command: [process.execPath, 'node/app.js'], away: 'accepts' }),
  },
  {
    name: 'Python (Flask)',
    isHere: PYTHON !== undefined,
    run: () => tryExample({ command: [PYTHON ?? '', 'python-flask/app.py'], away: 'accepts' }),
  },
  {
    name: 'PHP',
    isHere: canRun('php', '--version'),
    run: () => tryExample({ command: ['php', '-S', '127.0.0.1:0', 'php/index.php'], away: 'cannot tell' }),
  },
  {
    name: 'Go',
    isHere: canRun('go', 'version') && canRun('test', '-d', GO_OIDC),
    run: () => tryExample({ command: [builtWithGo()], away: 'accepts' }),
  },
]

/** Builds without a network: the package of the example's version 3 is Debian's version 2, which has the same calls. */
function builtWithGo(): string {
  const folder = mkdtempSync(join(TEMPORARY, 'authd-go-'))
  onTestFinished(() => rmSync(folder, { recursive: true }))
  const parent = join(folder, 'src/github.com/coreos/go-oidc/v3')
  mkdirSync(parent, { recursive: true })
  symlinkSync(GO_OIDC, join(parent, 'oidc'))
  const env = { GO111MODULE: 'off', GOFLAGS: '', GOPATH: `${folder}:${GO_PACKAGES}`, GOCACHE: join(folder, 'cache') }
  execFileSync('go', ['build', '-o', join(folder, 'app'), '.'], {
    cwd: join(EXAMPLES, 'go'),
    env: { ...process.env, ...env },
  })
  return join(folder, 'app')
}

const missing = EXAMPLE_APPS.filter(({ isHere }) => !isHere).map(({ name }) => name)
if (missing.length > 0) process.stderr.write(`Left out, because their runtime is missing: ${missing.join(', ')}\n`)

describe.each(EXAMPLE_APPS.filter(({ isHere }) => isHere))('the example in $name', ({ run }) => {
  test('accepts authd’s tokens across a rotation and an outage, and refuses all others', run)
})
