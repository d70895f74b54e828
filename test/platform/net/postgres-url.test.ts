import { expect, test } from 'vitest'
import { parsePostgresUrl } from '../../../src/platform/net/postgres-url.ts'

test.each([
  ['postgres://u@db/x', [{ host: 'db', port: 5432 }]],
  ['postgresql://u@db:6432/x', [{ host: 'db', port: 6432 }]],
  [
    'postgres://u@a,b:6432,[::1]:1/x',
    [
      { host: 'a', port: 5432 },
      { host: 'b', port: 6432 },
      { host: '::1', port: 1 },
    ],
  ],
  [
    'postgres://u@/x?host=a,b&port=1,2',
    [
      { host: 'a', port: 1 },
      { host: 'b', port: 2 },
    ],
  ],
  [
    'postgres://u@a,b/x?port=7',
    [
      { host: 'a', port: 7 },
      { host: 'b', port: 7 },
    ],
  ],
  ['postgres://u@%2Frun%2Fpg/x', [{ host: '/run/pg', port: 5432 }]],
  ['postgres://u@localhost/x?host=/run/pg', [{ host: '/run/pg', port: 5432 }]],
  ['postgres://u@/x', [{ host: '/var/run/postgresql', port: 5432 }]],
  ['postgres://u@[fe80::1%25eth0]/x', [{ host: 'fe80::1%eth0', port: 5432 }]],
])('%s names the servers that psql would try', (url, servers) => {
  expect(parsePostgresUrl(url)).toMatchObject({ servers, user: 'u', database: 'x' })
})

test.each([
  ['postgres://u:p%40%3A%2F%3F%25%23ss@db/x', 'p@:/?%#ss'],
  ['postgres://u:a#b+c=d&e:f@db/x', 'a#b+c=d&e:f'],
  ['postgres://u@db/x?password=p%26q', 'p&q'],
  ['postgres://u@db/x', undefined],
])('the password of %s is read as it was meant', (url, password) => {
  expect(parsePostgresUrl(url).password).toBe(password)
})

test('what a URL leaves out has the default of psql, and several servers are asked for one that takes writes', () => {
  const one = parsePostgresUrl('postgres://ada@db')
  const two = parsePostgresUrl('postgres://ada@a,b/x')
  const any = parsePostgresUrl('postgres://ada@a,b/x?target_session_attrs=any')

  expect(one).toMatchObject({ database: 'ada', sslMode: 'prefer', mustBeWritable: false, applicationName: 'authd' })
  expect([two.mustBeWritable, any.mustBeWritable]).toEqual([true, false])
})

test.each([
  ['mysql://u@db/x', 'is not a PostgreSQL URL'],
  ['postgres://db/x', 'names no user'],
  ['postgres://u@db/x?sslmod=require', 'a parameter that authd does not know: sslmod'],
  ['postgres://u@db/x?sslmode=full', 'sslmode=full'],
  ['postgres://u@db/x?sslmode=verify-ca', 'sslmode=verify-ca without sslrootcert'],
  ['postgres://u@db/x?sslrootcert=system&sslmode=require', 'sslrootcert=system with a weak sslmode'],
  ['postgres://u@db/x?sslcert=/a', 'only one of sslcert and sslkey'],
  ['postgres://u@db/x?target_session_attrs=standby', 'target_session_attrs=standby'],
  ['postgres://u@db/x?connect_timeout=0', 'connect_timeout=0'],
  ['postgres://u@db/x?sslmode=require&sslmode=disable', 'sslmode twice'],
  ['postgres://u@a,b,c/x?port=1,2', '2 ports for 3 hosts'],
  ['postgres://u@::1/x', 'a host that cannot be read'],
  ['postgres://u@db:70000/x', 'a port that is not a number from 1 to 65535'],
])('%s is refused by name: %s', (url, says) => {
  expect(() => parsePostgresUrl(url)).toThrow(says)
})

test.each(['hun@ter2', 'hun/ter2', 'hun?ter2', 'hun?ter2&more', '12/ter2', 'hun%ter2'])(
  'a password with a bare special character, %s, is refused without showing any of it',
  (password) => {
    const refusal = () => parsePostgresUrl(`postgres://u:${password}@db/x`)

    expect(refusal).toThrow()
    expect(refusal).not.toThrow(/hun|ter2|more/)
  },
)
