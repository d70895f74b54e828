import { existsSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { shell } from '../support/cli.ts'

test.each([
  ['users export --all -o x.csv', 'x.csv', /^email,name,/],
  ['users export --all -o x.jsonl', 'x.jsonl', /^\{"id":/],
  ['users export --all -o x.CSV', 'x.CSV', /^email,name,/],
  ['users export --all -o x', 'x', /^\{"id":/],
  ['users export --all --format csv -o x', 'x', /^email,name,/],
  ['users export ada@example.com -o x.json', 'x.json', /^\{\n/],
  ['audit export -o x.csv', 'x.csv', /^seq,id,/],
  ['audit export -o x.cef', 'x.cef', /^CEF:0/],
  ['email preview signin -o x.html', 'x.html', /^<!doctype html/i],
  ['email preview signin -o x.eml', 'x.eml', /^[\w-]+: /],
])('%s writes the format that the ending says', async (line, name, expected) => {
  const { folder, run } = await shell()
  await run(['migrate'])
  await run(['users', 'add', 'ada@example.com'])

  const { code } = await run(line.split(' '))

  expect(code).toBe(0)
  expect(await readFile(join(folder, name), 'utf8')).toMatch(expected)
})

test.each([
  'users export --all --format jsonl -o x.csv',
  'users export --all --with-factors -o x.csv',
  'users export ada@example.com -o x.csv',
  'audit export --format cef -o x.csv',
  'email preview signin --format text -o x.html',
])('%s is refused, and writes no file', async (line) => {
  const { folder, run } = await shell()
  await run(['migrate'])
  await run(['users', 'add', 'ada@example.com'])

  const { code, stderr } = await run(line.split(' '))

  expect([code, stderr]).toEqual([64, expect.stringContaining('authd: ')])
  expect(['x.csv', 'x.html'].filter((name) => existsSync(join(folder, name)))).toEqual([])
})
