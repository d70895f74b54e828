import { PassThrough } from 'node:stream'
import { expect, test } from 'vitest'
import { Output } from '../../src/cli/output/output.ts'

const FLAGS = { plain: true, header: true } as Parameters<typeof Output.to>[1]

test('no value in a list can forge a cell, a line or a colour', async () => {
  const stdout = new PassThrough({ encoding: 'utf8' })
  const streams = { stdout, stderr: new PassThrough() } as object as Parameters<typeof Output.to>[0]
  const controls = [...Array(32).keys(), ...Array.from({ length: 33 }, (_, at) => 127 + at)]
  const name = controls.map((code) => String.fromCharCode(code)).join('')

  const out = await Output.to(streams, FLAGS)
  out.list([{ name: `Eve${name}root` }], [{ header: 'NAME', value: (row) => row.name }])

  expect(stdout.read()).toBe(`NAME\nEve${' '.repeat(controls.length)}root\n`)
})
