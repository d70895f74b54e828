/** Singular spellings and other names. */
export const TOPIC_ALIASES = new Map([
  ['user', 'users'],
  ['session', 'sessions'],
  ['key', 'keys'],
  ['api-key', 'api-keys'],
  ['lockout', 'lockouts'],
  ['ratelimits', 'ratelimit'],
  ['ipfilters', 'ipfilter'],
  ['passkey', 'passkeys'],
  ['recovery-code', 'recovery-codes'],
  ['setting', 'settings'],
  ['suppression', 'suppressions'],
  ['template', 'templates'],
  ['webhook', 'webhooks'],
  ['mail', 'email'],
  ['setup', 'init'],
  ['test-email', 'email test'],
])

/** What other programs call a verb. The first that the topic has is meant; a verb of its own name comes before. */
const SYNONYMS: readonly [string[], string[]][] = [
  [
    ['ls', 'list'],
    ['list', 'queue'],
  ],
  [
    ['show', 'get', 'view', 'describe'],
    ['show', 'get'],
  ],
  [
    ['add', 'create', 'new'],
    ['add', 'create'],
  ],
  [
    ['delete', 'remove', 'rm', 'del'],
    ['delete', 'remove', 'revoke', 'clear', 'unset', 'reset'],
  ],
  [
    ['update', 'edit', 'change', 'modify'],
    ['update', 'set'],
  ],
]
export const VERB_ALIASES = new Map(SYNONYMS.flatMap(([typed, meant]) => typed.map((verb) => [verb, meant] as const)))

/** Every other spelling of a topic or of a command, with its name: `user` is `users`, and `users ls` is `users list`. */
export function spellings(ids: readonly string[]): Map<string, string> {
  const topics = [...new Set(ids.map((id) => id.split(' ')[0] ?? ''))]
  const verbs = topics.flatMap((topic) =>
    [...VERB_ALIASES].flatMap(([typed, meant]) => {
      const verb = [typed, ...meant].find((each) => ids.includes(`${topic} ${each}`))
      return verb === undefined || verb === typed ? [] : [[`${topic} ${typed}`, `${topic} ${verb}`] as const]
    }),
  )
  return new Map([...TOPIC_ALIASES, ...verbs])
}
