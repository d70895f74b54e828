import { FILES } from './offer.ts'

export interface CompletedCommand {
  id: string
  summary: string
  flags: Completed[]
  /** As typed, `-c` and `--config`: the flags whose next word is their value. */
  valued: string[]
}

/** A word and what it means. */
export interface Completed {
  word: string
  about: string
}

interface Grammar {
  /** The words that may follow each part of a command's name. */
  next: Map<string, Completed[]>
  /** The own flags of each whole command. */
  flags: Map<string, Completed[]>
  globalFlags: Completed[]
  /** `user`: `users` */
  aliases: ReadonlyMap<string, string>
  valued: string[]
}

/** A script that completes commands and flags without running authd, and runs `authd __complete` for values. */
export function completionScript(
  shell: string,
  commands: CompletedCommand[],
  { globalFlags, aliases }: { globalFlags: Completed[]; aliases: ReadonlyMap<string, string> },
): string {
  const isGlobal = new Set(globalFlags.map(({ word }) => word))
  const grammar = {
    next: nextWords(commands),
    flags: new Map(commands.map(({ id, flags }) => [id, flags.filter(({ word }) => !isGlobal.has(word))])),
    globalFlags,
    aliases,
    valued: [...new Set(commands.flatMap(({ valued }) => valued))],
  }
  if (shell === 'fish') return fish(grammar)
  return shell === 'zsh' ? zsh(grammar) : bash(grammar)
}

/** The first word of a topic is described by the commands that it has. */
function nextWords(commands: CompletedCommand[]): Map<string, Completed[]> {
  const next = new Map<string, Completed[]>()
  for (const { id, summary } of commands) {
    const words = id.split(' ')
    for (const [index, word] of words.entries()) {
      const typed = words.slice(0, index).join(' ')
      const known = next.get(typed) ?? []
      const isWhole = index === words.length - 1
      const verbs = commands.filter((other) => other.id.startsWith(`${id.split(' ')[0]} `)).map((other) => other.id)
      const about = isWhole ? summary : verbs.map((verb) => verb.split(' ').slice(1).join(' ')).join(', ')
      if (!known.some((each) => each.word === word)) next.set(typed, [...known, { word, about }])
    }
  }
  return next
}

/** The cases of sh: what was typed of a command's name, with aliases resolved. Other words are arguments. */
function nameCases({ next, flags, aliases }: Grammar): string {
  const known = [...next.keys(), ...flags.keys()].filter((typed) => typed !== '').map((typed) => `"${typed}"`)
  const renamed = [...aliases].map(([alias, name]) => `      "${alias}") typed="${name}" ;;`)
  return [...renamed, `      ${known.join('|')}) typed="$next" ;;`].join('\n')
}

/** In single quotes, for bash and zsh. */
function quoted(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`
}

function bash(grammar: Grammar): string {
  const line = (words: Completed[]) => words.map(({ word }) => word).join(' ')
  const names = [...grammar.next].map(([typed, words]) => `    "${typed}") words="${line(words)}" ;;`)
  const flags = [...grammar.flags].map(([typed, words]) => `    "${typed}") isWhole=1 words="${line(words)}" ;;`)
  return `_authd() {
  local typed="" words="" isWhole="" isValue="" next word i line tail
  local -a said
  COMPREPLY=()
  # The line as it is: bash takes user@example.com and --flag=value apart.
  line="\${COMP_LINE:0:COMP_POINT}"
  read -ra said <<< "$line"
  [[ "$line" != *[[:space:]] ]] || said+=("")
  for ((i = 1; i < \${#said[@]} - 1; i++)); do
    case "\${said[i]}" in
      ${grammar.valued.join('|')})
        ((i += 1))
        ((i < \${#said[@]} - 1)) || isValue=1
        continue ;;
      -*) continue ;;
    esac
    next="\${typed:+$typed }\${said[i]}"
    case "$next" in
${nameCases(grammar)}
    esac
  done
  word="\${said[\${#said[@]} - 1]}"
  case "$typed" in
${[...names, ...flags].join('\n')}
  esac
  # bash replaces only what follows the last of these characters, and an @ with it.
  tail="\${word##*[$COMP_WORDBREAKS]}"
  [[ "$COMP_WORDBREAKS" != *@* || "\${word%"$tail"}" != *@ ]] || tail="@$tail"
  [[ "$word" != -* || "$word" == *=* ]] || tail="$word"
  if [[ -n "$isValue" || "$word" == --*=* || ( -n "$isWhole" && "$word" != -* ) ]]; then
    while IFS=$'\\t' read -r next _; do
      if [[ "$next" == ${FILES} ]]; then
        compopt -o default 2> /dev/null
        return 0
      fi
      COMPREPLY+=("\${next:\${#word} - \${#tail}}")
    done < <("$1" __complete "\${said[@]:1}" 2> /dev/null < /dev/null)
    return 0
  fi
  [[ "$word" != -* ]] || words="$words ${line(grammar.globalFlags)}"
  COMPREPLY=($(compgen -W "$words" -- "$word"))
}
complete -F _authd authd`
}

function zsh(grammar: Grammar): string {
  const list = (words: Completed[]) =>
    words.map(({ word, about }) => quoted(`${word.replaceAll(':', '\\:')}:${about}`)).join(' ')
  const names = [...grammar.next].map(([typed, words]) => `    "${typed}") words_=(${list(words)}) ;;`)
  const flags = [...grammar.flags].map(([typed, words]) => `    "${typed}") isWhole=1 words_=(${list(words)}) ;;`)
  return `#compdef authd
_authd() {
  local typed="" isWhole="" isValue="" next word
  local -a words_ globals
  integer i
  for ((i = 2; i < CURRENT; i++)); do
    case "$words[i]" in
      ${grammar.valued.join('|')})
        ((i += 1))
        ((i < CURRENT)) || isValue=1
        continue ;;
      -*) continue ;;
    esac
    next="\${typed:+$typed }$words[i]"
    case "$next" in
${nameCases(grammar)}
    esac
  done
  case "$typed" in
${[...names, ...flags].join('\n')}
  esac
  if [[ -n "$isValue" || "$PREFIX" = --*=* || ( -n "$isWhole" && "$PREFIX" != -* ) ]]; then
    words_=()
    while IFS=$'\\t' read -r word next; do
      if [[ "$word" = ${FILES} ]]; then
        [[ "$PREFIX" != --*=* ]] || compset -P '*='
        _files
        return
      fi
      words_+=("\${word//:/\\\\:}\${next:+:$next}")
    done < <("$words[1]" __complete "\${(@)words[2,CURRENT-1]}" "$PREFIX" 2> /dev/null < /dev/null)
    _describe -t values value words_
    return
  fi
  if [[ "$PREFIX" = -* ]]; then
    globals=(${list(grammar.globalFlags)})
    _describe -t flags flag words_ -- globals
  else
    _describe -t commands command words_
  fi
}
# zsh loads the file at the first TAB, as the body of _authd.
if [[ "$funcstack[1]" = _authd ]]; then _authd "$@"; else compdef _authd authd; fi`
}

function fish({ next, flags, globalFlags, aliases, valued }: Grammar): string {
  const known = [...next.keys(), ...flags.keys()].filter((typed) => typed !== '').map((typed) => `'${typed}'`)
  const renamed = [...aliases].map(([alias, name]) => `      case '${alias}'\n        set typed '${name}'`)
  const line = ({ word, about }: Completed) => `        printf '%s\\t%s\\n' ${fishQuoted(word)} ${fishQuoted(about)}`
  const lines = (words: Completed[]) => words.map(line).join('\n') || '        true'
  const cases = (of: Map<string, Completed[]>) =>
    [...of].map(([typed, words]) => `      case '${typed}'\n${lines(words)}`).join('\n')
  return `function __authd_words
  set -l typed ''
  set -l is_value 0
  set -l said (commandline -opc)
  set -l word (commandline -ct)
  for each in $said[2..-1]
    if test $is_value = 1
      set is_value 0
      continue
    end
    switch $each
      case ${valued.join(' ')}
        set is_value 1
        continue
      case '-*'
        continue
    end
    set -l next (string trim -- "$typed $each")
    switch $next
${renamed.join('\n')}
      case ${known.join(' ')}
        set typed $next
    end
  end
  set -l wants_value $is_value
  switch "$word"
    case '--*=*'
      set wants_value 1
    case '-*'
    case '*'
      contains -- "$typed" ${[...flags.keys()].map((id) => `'${id}'`).join(' ')}; and set wants_value 1
  end
  if test $wants_value = 1
    $said[1] __complete $said[2..-1] "$word" 2>/dev/null </dev/null | while read -l --delimiter \\t offered about
      if test "$offered" = '${FILES}'
        set -l start (string match -r -- '^--[^=]*=' "$word")
        string replace -r -- '^' "$start" (__fish_complete_path (string replace -r -- '^--[^=]*=' '' "$word"))
      else
        printf '%s\\t%s\\n' "$offered" "$about"
      end
    end
    return
  end
  if string match -q -- '-*' "$word"
    switch $typed
${cases(flags)}
    end
${globalFlags.map(line).join('\n')}
  else
    switch $typed
${cases(next)}
    end
  end
end
complete -c authd -f -a '(__authd_words)'`
}

function fishQuoted(text: string): string {
  return `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`
}
