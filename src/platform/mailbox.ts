/**
 * Providers where several addresses have one mailbox, as far as is known: the domains that share their local parts, the
 * characters that are ignored in them, and a pair that is one character. Limits count the first domain.
 */
const PROVIDERS = [
  { domains: ['gmail.com', 'googlemail.com'], ignored: '.' },
  { domains: ['proton.me', 'protonmail.com', 'pm.me'], ignored: '._-' },
  { domains: ['icloud.com', 'me.com', 'mac.com'], ignored: '' },
  {
    domains: ['yandex.ru', 'ya.ru', 'yandex.com', 'yandex.by', 'yandex.kz', 'yandex.ua'],
    ignored: '',
    same: ['.', '-'],
  },
]

/**
 * What limits count mails by: the address without its tag (`+shop`, RFC 5233), as its provider reads it.
 * Only for counting. Two users may have addresses of one mailbox.
 */
export function mailboxOf(canonical: string): string {
  const at = canonical.lastIndexOf('@')
  const domain = canonical.slice(at + 1)
  const [name = ''] = canonical.slice(0, at).split('+')
  // Without a name before the tag, the whole local part is the name.
  const local = name === '' ? canonical.slice(0, at) : name
  const provider = PROVIDERS.find(({ domains }) => domains.includes(domain))
  if (!provider) return `${local}@${domain}`
  const read = Array.from(local).filter((character) => !provider.ignored.includes(character))
  const [written = '', meant = ''] = provider.same ?? []
  return `${read.join('').replaceAll(written, meant) || local}@${provider.domains[0]}`
}
