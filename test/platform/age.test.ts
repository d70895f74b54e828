import { generateHybridIdentity, generateX25519Identity, identityToRecipient } from 'age-encryption'
import { expect, test } from 'vitest'
import { isAgeRecipient } from '../../src/platform/age.ts'

/** Of which nobody has the private key any more. */
const KEY = 'age1jcfz0fkg24v5ml7xpn7fkhtaem5qr9hwn9n5gzhrtmwak6cz4dpq7xzcry'

test.each([generateX25519Identity, generateHybridIdentity])(
  'a public key that age makes is known as one',
  async (make) => {
    const recipient = await identityToRecipient(await make())

    expect(isAgeRecipient(recipient)).toBe(true)
    expect(isAgeRecipient(recipient.replace(/.$/, (last) => (last === 'q' ? 'p' : 'q')))).toBe(false)
  },
)

test.each([
  ['with a typing error in it', KEY.replace('fkg', 'fgk')],
  ['with a letter missing', KEY.slice(0, -1)],
  ['in capitals', KEY.toUpperCase()],
  ['with a space after it', `${KEY} `],
  ['with a character that no key has', KEY.replace('jcf', 'jcb')],
  ['too short, with a right check sum', 'age1qurswpc8qurswpc8qurswpc8qurswpc8np26hm'],
  [
    'of the other kind but too short, with a right check sum',
    'age1pq1qurswpc8qurswpc8qurswpc8qurswpc8qurswpc8qurswpc8qurscvuq8m',
  ],
  ['of another program, with a right check sum', 'ape1qurswpc8qurswpc8qurswpc8qurswpc8qurswpc8qurswpc8qursjhk39f'],
  ['empty', ''],
])('a text is not a public key of age: %s', (_, text) => {
  expect([isAgeRecipient(KEY), isAgeRecipient(text)]).toEqual([true, false])
})
