import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { type Shell, shell } from '../support/cli.ts'

/** The key of RFC 6238, appendix B, and its base32. */
const KEY = '12345678901234567890'
const BASE32 = 'GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ'

async function imported(users: object[], ...args: string[]) {
  const place = await shell()
  await place.run(['migrate'])
  await writeFile(join(place.folder, 'users.jsonl'), users.map((user) => JSON.stringify(user)).join('\n'))
  const ran = await place.run(['users', 'import', 'users.jsonl', ...args])
  return { ...ran, users: await usersOf(place) }
}

async function usersOf(place: Shell) {
  const { stdout } = await place.run(['users', 'export', '--all', '--with-factors', '-o', '-'])
  const all = stdout.split('\n').flatMap((line) => (line === '' ? [] : [JSON.parse(line)]))
  return Object.fromEntries(all.map((user) => [user.email, user]))
}

/** As `kc.sh export` writes a user, shortened. */
function keycloakUser(email: string, credentials: object[], more: object = {}) {
  return {
    ...{ id: '9d7b4bd9-8d5a-4c8e-bb48-5d2f5e2dbe3c', username: email, email, emailVerified: true, enabled: true },
    ...{ firstName: 'Ada', lastName: 'Lovelace', createdTimestamp: 1700000000000, totp: true, requiredActions: [] },
    ...{ attributes: { locale: ['de'] }, notBefore: 0, groups: [], realmRoles: ['default'], credentials, ...more },
  }
}

function otp(how: object = {}, value = KEY) {
  const data = { subType: 'totp', digits: 6, counter: 0, period: 30, algorithm: 'HmacSHA1', ...how }
  const secretData = JSON.stringify({ value })
  return { id: 'x', type: 'otp', userLabel: 'phone', createdDate: 1, secretData, credentialData: JSON.stringify(data) }
}

test('users of a Keycloak realm come with their authenticator app, and what cannot come is named', async () => {
  const password = {
    type: 'password',
    secretData: '{"value":"x","salt":"y"}',
    credentialData: '{"algorithm":"argon2"}',
  }
  const passkey = { type: 'webauthn-passwordless', secretData: '{}', credentialData: '{"credentialId":"x"}' }
  const { code, stdout, stderr, users } = await imported(
    [
      keycloakUser('a@example.com', [password, otp()]),
      keycloakUser('b@example.com', [otp({ secretEncoding: 'BASE32' }, BASE32)], {
        enabled: false,
        emailVerified: false,
      }),
      keycloakUser('c@example.com', [otp({ algorithm: 'HmacSHA256' }), passkey], { attributes: { locale: ['xx'] } }),
      keycloakUser('d@example.com', [otp({}, 'short')]),
      { username: 'service-account-shop', serviceAccountClientId: 'shop', enabled: true },
    ],
    ...['--format', 'keycloak'],
  )

  expect([code, stdout]).toEqual([0, 'Added 4 users.\n'])
  expect(stderr.trim().split('\n')).toEqual([
    'Left out of the users that were imported:',
    'users.jsonl:3: The authenticator app. Only apps with SHA-1, 6 digits and 30 seconds can be imported.',
    'users.jsonl:3: Passkeys. Keycloak exports too little of them.',
    'users.jsonl:4: The authenticator app. Only apps with SHA-1, 6 digits and 30 seconds can be imported.',
  ])
  expect(users['a@example.com']).toMatchObject({
    ...{ name: 'Ada Lovelace', locale: 'de', status: 'active', created_at: '2023-11-14T22:13:20.000Z' },
    ...{ email_verified_at: expect.any(String), totp: { secret: BASE32 } },
  })
  expect(users['b@example.com']).toMatchObject({
    status: 'disabled',
    email_verified_at: null,
    totp: { secret: BASE32 },
  })
  expect(users['c@example.com']).toMatchObject({ locale: null })
  expect(Object.keys(users['c@example.com'])).not.toContain('totp')
})

function identity(email: string, credentials: object = {}, more: object = {}) {
  return {
    ...{ id: '5f4fd3cf-1d2a-4a0b-9f4f-1d2a4a0b9f4f', schema_id: 'default', state: 'active', traits: { email } },
    ...{ verifiable_addresses: [{ id: 'x', value: email, verified: true, via: 'email', status: 'completed' }] },
    ...{ created_at: '2024-01-02T03:04:05.678901Z', credentials, metadata_public: null, ...more },
  }
}

const appOf = (query: string) => ({
  totp: {
    type: 'totp',
    identifiers: ['x'],
    version: 0,
    config: { totp_url: `otpauth://totp/Shop:a@example.com?${query}` },
  },
})

const PASSKEY = {
  ...{ id: 'AQIDBA==', public_key: 'pQECAyYgASFYIA==', attestation_type: 'none', display_name: 'Phone' },
  ...{ added_at: '2024-01-02T03:04:05Z', is_passwordless: true, transport: ['internal', 'hybrid'] },
  authenticator: { aaguid: '7oKIeXIcSROXdT38zpcHKg==', sign_count: 7, clone_warning: false },
  flags: { user_present: true, user_verified: true, backup_eligible: true, backup_state: true },
}

test('identities of Kratos come with their authenticator app and, where the domain is named, with their passkeys', async () => {
  const passkeys = (...credentials: object[]) => ({
    passkey: { type: 'passkey', identifiers: ['x'], config: { credentials, user_handle: 'CQgHBg==' } },
  })
  const rows = [
    identity('a@example.com', {
      ...appOf(`secret=${BASE32}&issuer=Shop&algorithm=SHA1&digits=6&period=30`),
      ...passkeys(PASSKEY),
    }),
    identity('b@example.com', appOf(`secret=${BASE32}&digits=8`), {
      state: 'inactive',
      traits: { email: 'b@example.com', name: { first: 'Bob' } },
    }),
    identity('c@example.com', passkeys({ ...PASSKEY, id: 'BAMCAQ==', flags: undefined })),
  ]

  const plain = await imported(rows, '--format', 'kratos')
  const named = await imported(rows, '--format', 'kratos', '--rp-id', 'localhost')
  const other = await imported(rows, '--format', 'kratos', '--rp-id', 'example.org')

  expect([plain.code, named.code, other.code]).toEqual([0, 0, 65])
  expect(plain.stderr).toContain('users.jsonl:1: Passkeys. Name their domain with --rp-id.')
  expect(plain.stderr).toContain('users.jsonl:2: The authenticator app. Only apps with SHA-1')
  expect(named.stderr).toContain('users.jsonl:3: Passkeys without their flags')
  expect(other.stderr).toContain('users.jsonl:1: A passkey belongs to example.org, and works only there.')
  expect(other.users).toEqual({})
  expect(named.users['a@example.com']).toMatchObject({
    ...{ created_at: '2024-01-02T03:04:05.678Z', totp: { secret: BASE32 }, webauthn_user_id: 'CQgHBg' },
    passkeys: [
      {
        ...{ rp_id: 'localhost', credential_id: 'AQIDBA', public_key: 'pQECAyYgASFYIA', counter: 7, name: 'Phone' },
        ...{ transports: ['internal', 'hybrid'], aaguid: 'ee828879-721c-4913-9775-3dfcce97072a' },
        ...{ backup_eligible: true, backed_up: true, created_at: '2024-01-02T03:04:05.000Z' },
      },
    ],
  })
  expect(named.users['b@example.com']).toMatchObject({ name: 'Bob', status: 'disabled' })
})

test('what is not a user of that product, or has no address, is a wrong row', async () => {
  const keycloak = await imported([{ email: 7 }, keycloakUser('', []), []], '--format', 'keycloak')
  const kratos = await imported(
    [{}, identity('', {}, { traits: {}, verifiable_addresses: null })],
    '--format',
    'kratos',
  )
  const flag = await imported([], '--rp-id', 'example.com')

  expect([keycloak.code, kratos.code, flag.code]).toEqual([65, 65, 64])
  expect(keycloak.stderr.trim().split('\n').slice(0, 4)).toEqual([
    'authd: No user was imported. 3 rows are wrong.',
    'users.jsonl:1: Not a user of a Keycloak realm export.',
    'users.jsonl:2: The user has no e-mail address.',
    'users.jsonl:3: Not a user of a Keycloak realm export.',
  ])
  expect(kratos.stderr).toContain('users.jsonl:2: The identity has no e-mail address in traits.email.')
})

test.each([
  ['keycloak', keycloakUser('a@example.com', [], { enabled: undefined })],
  ['kratos', identity('a@example.com', {}, { state: undefined })],
  ['kratos', identity('a@example.com', {}, { state: 'another' })],
])('SECURITY: an import from %s that does not say that a user is enabled enables nobody', async (format, row) => {
  const place = await shell()
  await place.run(['migrate'])
  await place.run(['users', 'add', 'a@example.com'])
  await place.run(['users', 'disable', 'a@example.com', '--reason', 'left'])
  await writeFile(join(place.folder, 'users.jsonl'), JSON.stringify(row))

  const ran = await place.run(['users', 'import', 'users.jsonl', '--format', format, '--on-duplicate', 'update'])

  expect(ran.code).toBe(0)
  expect((await usersOf(place))['a@example.com']).toMatchObject({ status: 'disabled', disabled_reason: 'left' })
})
