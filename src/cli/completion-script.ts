export interface CompletedCommand {
  id: string
  summary: string
  flags: string[]
}

/** A script that completes commands and flags without running authd. */
export function completionScript(shell: string, commands: CompletedCommand[]): string {
  if (shell === 'fish') return fish(commands)
  return shell === 'zsh' ? zsh(commands) : bash(commands)
}

/** The words that may follow each line typed so far. */
function nextWords(commands: CompletedCommand[]): Map<string, string[]> {
  const next = new Map<string, string[]>()
  const add = (typed: string, word: string) => next.set(typed, [...new Set([...(next.get(typed) ?? []), word])])
  for (const { id, flags } of commands) {
    const words = id.split(' ')
    for (const [index, word] of words.entries()) add(words.slice(0, index).join(' '), word)
    for (const flag of flags) add(id, `--${flag}`)
  }
  return next
}

function bash(commands: CompletedCommand[]): string {
  const cases = [...nextWords(commands)].map(([typed, words]) => `    "${typed}") words="${words.join(' ')}" ;;`)
  return `_authd() {
  local typed="" words="" i
  for ((i = 1; i < COMP_CWORD; i++)); do
    case "\${COMP_WORDS[i]}" in -*) ;; *) typed="\${typed:+$typed }\${COMP_WORDS[i]}" ;; esac
  done
  case "$typed" in
${cases.join('\n')}
  esac
  COMPREPLY=($(compgen -W "$words" -- "\${COMP_WORDS[COMP_CWORD]}"))
}
complete -o default -F _authd authd`
}

function zsh(commands: CompletedCommand[]): string {
  const cases = [...nextWords(commands)].map(([typed, words]) => `    "${typed}") compadd -- ${words.join(' ')} ;;`)
  return `#compdef authd
_authd() {
  local typed="\${(j: :)\${(@)words[2,CURRENT-1]:#-*}}"
  case "$typed" in
${cases.join('\n')}
    *) _files ;;
  esac
}
compdef _authd authd`
}

function fish(commands: CompletedCommand[]): string {
  const lines = [...nextWords(commands)].flatMap(([typed, words]) =>
    words.map((word) => `complete -c authd -f -n 'test "$(__authd_typed)" = "${typed}"' -a '${word}'`),
  )
  return `function __authd_typed
  set -l words (commandline -opc)
  string match -v -- '-*' $words[2..-1] | string join ' '
end
${lines.join('\n')}`
}
