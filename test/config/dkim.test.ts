import { generateKeyPairSync, type KeyObject } from 'node:crypto'
import { expect, test } from 'vitest'
import { folder, NEEDED } from '../support/config-folder.ts'

const rsa = (modulusLength: number) => pem(generateKeyPairSync('rsa', { modulusLength }).privateKey)
const SIGNING = 'mail.dkim_domain = "example.com"\nmail.dkim_selector = "authd"\nmail.dkim_key_file = "dkim.pem"\n'
const GOOD = rsa(2048)

test('domain, selector and a key from a file are accepted', () => {
  const here = folder()
  here.write('dkim.pem', GOOD)
  here.write('config.toml', `${NEEDED}${SIGNING}`)

  const { config, warnings } = here.load()

  expect(config.mail).toMatchObject({ dkimDomain: 'example.com', dkimSelector: 'authd', dkimKey: GOOD.trim() })
  expect(warnings).toEqual([])
})

test.for([
  ['no key at all', 'hello', 'is not a private key in PEM', 'openssl genrsa 2048'],
  ['half of a key', GOOD.slice(0, 400), 'is not a readable private key', 'openssl genrsa 2048'],
  ['a public key', publicPem(), 'is not a private key in PEM', 'openssl genrsa 2048'],
  ['an Ed25519 key', pem(generateKeyPairSync('ed25519').privateKey), 'is an unsupported key of type ed25519', 'genrsa'],
  ['an RSA key of 512 bits', rsa(512), 'has 512 bits, but the minimum is 1024 (RFC 8301)', 'openssl genrsa 2048'],
  ['a locked key', lockedPem(), 'is protected by a passphrase', 'openssl pkey'],
] as const)('%s is rejected as mail.dkim_key, and none of it is shown', ([, key, says, advises]) => {
  const here = folder()
  here.write('dkim.pem', key)
  here.write('config.toml', `${NEEDED}${SIGNING}`)

  const { problems } = here.inspect()

  expect(problems).toMatchObject([
    { key: 'mail.dkim_key', message: expect.stringContaining(says), suggestion: expect.stringContaining(advises) },
  ])
  expect(JSON.stringify(problems)).not.toContain('MII')
})

test('a key of 1024 bits is accepted with a warning, because some DNS providers accept no longer key', () => {
  const here = folder()
  here.write('dkim.pem', rsa(1024))
  here.write('config.toml', `${NEEDED}${SIGNING}`)

  const { warnings } = here.load()

  expect(warnings).toMatchObject([{ key: 'mail.dkim_key', message: expect.stringContaining('has 1024 bits') }])
})

test.for([
  ['mail.dkim_domain = "example.com"', 'mail.dkim_domain is set, but mail.dkim_selector and mail.dkim_key are not'],
  ['mail.dkim_key_file = "dkim.pem"', 'mail.dkim_key is set, but mail.dkim_domain and mail.dkim_selector are not'],
  [
    'mail.dkim_domain = "example.com"\nmail.dkim_key_file = "dkim.pem"',
    'mail.dkim_domain and mail.dkim_key are set, but mail.dkim_selector is not',
  ],
] as const)('an incomplete DKIM configuration is rejected: %s', ([text, message]) => {
  const here = folder()
  here.write('dkim.pem', GOOD)
  here.write('config.toml', `${NEEDED}${text}\n`)

  const { problems } = here.inspect()

  expect(problems).toMatchObject([{ key: 'mail.dkim_domain', message }])
})

test.for([
  ['no-reply@example.com', 'example.com', true],
  ['Example <no-reply@mail.example.com>', 'example.com', true],
  ['no-reply@MAIL.example.com', 'mail.example.com', true],
  ['no-reply@bücher.example', 'xn--bcher-kva.example', true],
  ['no-reply@example.com', 'mail.example.com', false],
  ['no-reply@notexample.com', 'example.com', false],
  ['no-reply@example.com', 'example.org', false],
] as const)('mail from %s may be signed by %s: %s', ([from, domain, isAligned]) => {
  const here = folder()
  here.write('dkim.pem', GOOD)
  const needed = NEEDED.replace('no-reply@example.com', from)
  here.write('config.toml', `${needed}${SIGNING.replace('"example.com"', `"${domain}"`)}`)

  const { problems } = here.inspect()

  expect(problems.map(({ key }) => key)).toEqual(isAligned ? [] : ['mail.dkim_domain'])
})

test('a selector that could add a tag to the signature is rejected', () => {
  const here = folder()
  here.write('dkim.pem', GOOD)
  here.write('config.toml', `${NEEDED}${SIGNING.replace('"authd"', '"a; d=evil.example"')}`)

  const { problems } = here.inspect()

  expect(problems).toMatchObject([{ key: 'mail.dkim_selector', message: expect.stringContaining('expected a name') }])
})

function pem(key: KeyObject): string {
  return key.export({ type: 'pkcs8', format: 'pem' }).toString()
}

function publicPem(): string {
  const { publicKey } = generateKeyPairSync('rsa', { modulusLength: 1024 })
  return publicKey.export({ type: 'spki', format: 'pem' }).toString()
}

function lockedPem(): string {
  const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 1024 })
  return privateKey.export({ type: 'pkcs8', format: 'pem', cipher: 'aes-256-cbc', passphrase: 'x' }).toString()
}
