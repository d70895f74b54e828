export interface CompletedCommand {
  id: string
  summary: string
  flags: string[]
  /** As typed, `-c` and `--config`: the flags whose next word is their value. */
  valued: string[]
}

interface Grammar {
  /** The words that may follow each part of a command's name, and the flags that may follow a whole one. */
  next: Map<string, string[]>
  /** `user`: `users` */
  aliases: ReadonlyMap<string, string>
  valued: string[]
}

/** A script that completes commands and flags without running authd. */
export function completionScript(
  shell: string,
  commands: CompletedCommand[],
  aliases: ReadonlyMap<string, string>,
): string {
  const grammar = { next: nextWords(commands), aliases, valued: [...new Set(commands.flatMap(({ valued }) => valued))] }
  if (shell === 'fish') return fish(grammar)
  return shell === 'zsh' ? zsh(grammar) : bash(grammar)
}

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

/** The cases of sh: what was typed of a command's name, with aliases resolved. Other words are arguments. */
function nameCases({ next, aliases }: Grammar): string {
  const known = [...next.keys()].filter((typed) => typed !== '').map((typed) => `"${typed}"`)
  const renamed = [...aliases].map(([alias, name]) => `      "${alias}") typed="${name}" ;;`)
  return [...renamed, `      ${known.join('|')}) typed="$next" ;;`].join('\n')
}

function bash(grammar: Grammar): string {
  const cases = [...grammar.next].map(([typed, words]) => `    "${typed}") words="${words.join(' ')}" ;;`)
  return `_authd() {
  local typed="" words="" next i
  COMPREPLY=()
  for ((i = 1; i < COMP_CWORD; i++)); do
    case "\${COMP_WORDS[i]}" in
      ${grammar.valued.join('|')})
        # bash makes --flag=value three words.
        [ "\${COMP_WORDS[i + 1]-}" != "=" ] || ((i += 1))
        ((i += 1))
        [ "$i" -lt "$COMP_CWORD" ] || return 0
        continue ;;
      -*) continue ;;
    esac
    next="\${typed:+$typed }\${COMP_WORDS[i]}"
    case "$next" in
${nameCases(grammar)}
    esac
  done
  case "$typed" in
${cases.join('\n')}
  esac
  COMPREPLY=($(compgen -W "$words" -- "\${COMP_WORDS[COMP_CWORD]}"))
}
complete -o default -F _authd authd`
}

function zsh(grammar: Grammar): string {
  const cases = [...grammar.next].map(([typed, words]) => `    "${typed}") compadd -- ${words.join(' ')} ;;`)
  return `#compdef authd
_authd() {
  local typed="" next
  integer i
  for ((i = 2; i < CURRENT; i++)); do
    case "$words[i]" in
      ${grammar.valued.join('|')})
        ((i += 1))
        if ((i >= CURRENT)); then _files; return; fi
        continue ;;
      -*) continue ;;
    esac
    next="\${typed:+$typed }$words[i]"
    case "$next" in
${nameCases(grammar)}
    esac
  done
  case "$typed" in
${cases.join('\n')}
  esac
  [[ "$PREFIX" = -* || -z "$typed" ]] || _files
}
# zsh loads the file at the first TAB, as the body of _authd.
if [[ "$funcstack[1]" = _authd ]]; then _authd "$@"; else compdef _authd authd; fi`
}

function fish({ next, aliases, valued }: Grammar): string {
  const known = [...next.keys()].filter((typed) => typed !== '').map((typed) => `'${typed}'`)
  const renamed = [...aliases].map(([alias, name]) => `      case '${alias}'\n        set typed '${name}'`)
  const lines = [...next].flatMap(([typed, words]) =>
    words.map((word) => `complete -c authd -f -n 'test "$(__authd_typed)" = "${typed}"' -a '${word}'`),
  )
  return `function __authd_typed
  set -l typed ''
  set -l skips 0
  for word in (commandline -opc)[2..-1]
    if test $skips = 1
      set skips 0
      continue
    end
    switch $word
      case ${valued.join(' ')}
        set skips 1
        continue
      case '-*'
        continue
    end
    set -l next (string trim -- "$typed $word")
    switch $next
${renamed.join('\n')}
      case ${known.join(' ')}
        set typed $next
    end
  end
  # The word at the cursor may be the value of a flag.
  test $skips = 1; and echo value of a flag; or echo $typed
end
${lines.join('\n')}`
}
