import { defaultOf } from './reference.ts'
import { KEYS, type Key, SECTION_TEXTS } from './schema.ts'
import { toToml } from './toml-value.ts'

/** Keys that every configuration needs. In the example, all others are comments. */
const ESSENTIAL = ['public_url', 'mail.from', 'smtp.host']

const HEAD = `# The configuration of authd. Copy it to /etc/authd/config.toml and change what differs.
# A commented key shows its default, or an example if it has no default.
# Durations have units: 30s, 10m, 24h, 7d, 4w. Relative paths start at the folder of this file.
# Check it with: authd config check. Made by npm run generate from src/config/sections.ts.
`

/** config.example.toml */
export function exampleFile(): string {
  const parts = ['', ...SECTION_TEXTS.keys()].map((section) => {
    const keys = shownKeys().filter((key) => key.section === section)
    const header = section ? `\n# ${SECTION_TEXTS.get(section)}\n[${section}]\n` : ''
    return `${header}${keys.map(exampleLines).join('')}`
  })
  return `${HEAD}${parts.join('')}`
}

function exampleLines(key: Key): string {
  const comment = wrap(key.text, 100).map((line) => `# ${line}`)
  const fallback = key.fallback && !key.required ? [`# Default: ${key.fallback.text}.`] : []
  const line = key.secret ? `${key.name}_file = ${toToml(secretPath(key))}` : `${key.name} = ${toToml(sampleOf(key))}`
  const written = ESSENTIAL.includes(key.key) ? line : `# ${line}`
  return `\n${[...comment, ...fallback, written].join('\n')}\n`
}

/** .env.example */
export function exampleEnv(): string {
  const head = `# The configuration of authd as environment variables: for containers, or as .env beside config.toml.
# They override the file. With _FILE at its end, a variable is the path of a file with the value.
# Separate lists with commas. config.example.toml explains the keys. Made by npm run generate.
`
  const parts = ['', ...SECTION_TEXTS.keys()].map((section) => {
    const lines = shownKeys()
      .filter((key) => key.section === section)
      .map((key) =>
        key.secret ? `# ${key.env}_FILE=${secretPath(key)}` : `# ${key.env}=${inEnvironment(sampleOf(key))}`,
      )
    return `\n${lines.join('\n')}\n`
  })
  return `${head}${parts.join('')}`
}

/** docs/configuration.md */
export function referencePage(): string {
  const parts = ['', ...SECTION_TEXTS.keys()].map((section) => {
    const rows = KEYS.filter((key) => key.section === section).map(referenceRow)
    const title = section ? `## [${section}]\n\n${SECTION_TEXTS.get(section)}` : '## Top level'
    return `${title}\n\n| key | what it does | allowed | default | applied |\n|---|---|---|---|---|\n${rows.join('\n')}\n`
  })
  const established = KEYS.filter((key) => key.established).map((key) => `| \`${key.established}\` | \`${key.key}\` |`)
  return `# Every configuration key

Made by \`npm run generate\` from \`src/config/sections.ts\`.

**Where a value comes from.** The first of these that sets a key wins:

1. a flag of the command line
2. a live setting (\`authd settings set\`)
3. the environment: \`AUTHD_SMTP_HOST\` for \`smtp.host\`
4. \`.env\` beside the configuration file
5. the configuration file
6. the default

**The configuration file** is the first that exists of \`--config\`, \`$AUTHD_CONFIG\`, \`/etc/authd/config.toml\`,
\`$XDG_CONFIG_HOME/authd/config.toml\` and \`./config.toml\`. If you name a file, only that file is read. Files are never merged.

**Secrets.** Prefer a systemd credential (\`LoadCredential=smtp_password:…\`) or a file (\`smtp.password_file\`,
\`AUTHD_SMTP_PASSWORD_FILE\`) to a value. Two different values for one secret are rejected.

**Applied** says when a change takes effect: *restart* at the next start, *reload* at SIGHUP, *live* at SIGHUP or at once
through \`authd settings set\`.

${parts.join('\n')}
## Older names

These names still work, at the top of the file and in capitals in the environment. The new name overrides them.

| name | key |
|---|---|
${established.join('\n')}
`
}

function referenceRow(key: Key): string {
  const text = `${key.secret ? '**Secret.** ' : ''}${key.text}`
  const cells = [`\`${key.name}\``, text, key.kind.expects, defaultOf(key) ?? '', key.applies]
  return `| ${cells.map((cell) => cell.replaceAll('|', '\\|').replaceAll('<', '&lt;')).join(' | ')} |`
}

/** The server secret is omitted, because secret_file is shown. */
function shownKeys(): Key[] {
  return KEYS.filter(({ key }) => key !== 'secret')
}

/** The default, or the example if the default is empty. */
function sampleOf({ default: usual, example }: Key): unknown {
  const isEmpty = usual === undefined || (Array.isArray(usual) && usual.length === 0)
  return isEmpty ? example : usual
}

function secretPath(key: Key): string {
  return `/etc/authd/secrets/${key.credential}`
}

function inEnvironment(value: unknown): string {
  const text = Array.isArray(value) ? value.join(',') : String(value)
  // The rest of a line after # is a comment.
  return text.includes('#') ? `"${text}"` : text
}

function wrap(text: string, width: number): string[] {
  const lines: string[] = []
  for (const word of text.split(' ')) {
    const last = lines.at(-1)
    if (last === undefined || last.length + 1 + word.length > width) lines.push(word)
    else lines[lines.length - 1] = `${last} ${word}`
  }
  return lines
}
