import { execFile, spawnSync } from 'node:child_process'
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'
import { shell } from '../support/cli.ts'

const TIMEOUT_MS = 60_000

/** Prints what TAB offers or completes after the line. `$0` is the script, `$1` the line. */
const DRIVERS: Record<string, { start: string[]; driver: string }> = {
  bash: {
    start: ['bash', '--norc', '-c'],
    driver: `. "$0"; COMP_WORDS=($1); [ "\${1% }" = "$1" ] || COMP_WORDS+=("")
COMP_CWORD=$((\${#COMP_WORDS[@]} - 1)); _authd; printf '%s\\n' "\${COMPREPLY[@]}"`,
  },
  fish: { start: ['fish', '--no-config', '-c'], driver: 'source $argv[1]; complete -C $argv[2]' },
  // The word that the first TAB leaves on the line. zsh loads the file only then.
  zsh: {
    start: ['zsh', '-f', '-c'],
    driver: `zmodload zsh/zpty; zpty shell zsh -f -i
zpty -w shell "fpath=(\${(q)0:h} \\$fpath); autoload -Uz compinit; compinit -u -D; authd() { print -r -- GOT:\\$*: }; print RE''ADY"
zpty -r shell seen '*READY*'; zpty -w -n shell "$1"$'\\t\\n'; zpty -r shell seen '*GOT:*:*'; print -r -- \${\${seen##*GOT:}%%:*}`,
  },
}

// zsh and fish are tried where they are installed. bash is always there.
const SHELLS = Object.keys(DRIVERS).filter((name) => name === 'bash' || spawnSync(name, ['-c', 'exit']).status === 0)

test.each(
  SHELLS.flatMap((name) =>
    [
      ['authd us', 'users'],
      ['authd -c /etc/x.toml us', 'users'],
      ['authd users -v --config /etc/x.toml li', 'list'],
      ['authd user li', 'list'],
      ['authd users ls --jsonl --inac', '--inactive'],
      ['authd users show ada@example.com --no-inp', '--no-input'],
    ].map(([line = '', word = '']) => [name, line, word] as const),
  ),
)('%s completes "%s" to %s at the first TAB', async (name, line, word) => {
  const { folder, run } = await shell()
  const { stdout: script } = await run(['completion', name])
  const file = join(folder, 'site', '_authd')
  await mkdir(join(folder, 'site'))
  await writeFile(file, script)
  const { start, driver } = DRIVERS[name] ?? { start: [], driver: '' }
  const [program = '', ...options] = start

  const ran = promisify(execFile)(program, [...options, driver, file, line], { cwd: folder, timeout: TIMEOUT_MS })

  expect((await ran).stdout.split(/\s+/)).toContain(word)
})
