import { spawnSync } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test, vi } from 'vitest'
import { buildInfo, bundle, bundleAll, bundleTui } from '../tools/build/bundle.ts'
import { thisMachine } from '../tools/build/machine.ts'
import { sbom } from '../tools/build/sbom.ts'

const root = join(import.meta.dirname, '..')
// Everything that needs templates and the database is below it.
const ENTRY = 'src/startup/wire.ts'
const INFO = { version: '1.2.3', commit: 'abc', builtAt: '2026-01-01T00:00:00Z' }

test('the bundle is reproducible and all ASCII', async () => {
  const [one, other] = await Promise.all([bundle(root, ENTRY, INFO), bundle(root, ENTRY, INFO)])

  expect(one.text === other.text).toBe(true)
  expect(Buffer.byteLength(one.text) === one.text.length).toBe(true)
})

test('the templates are in the bundle, compiled, and the compilers are not', async () => {
  const { text, files } = await bundle(root, ENTRY, INFO)

  expect(text.includes('<!doctype html>') && /runtime\S*\.template\(/.test(text)).toBe(true)
  expect(files.filter((file) => /node_modules\/mjml|handlebars\/compiler|src\/platform\/mjml/.test(file))).toEqual([])
})

test("the compiler of an operator's templates is a separate, self-contained program", async () => {
  const folder = await mkdtemp(join(tmpdir(), 'authd-compiler-'))
  onTestFinished(() => rm(folder, { recursive: true }))
  const { text, files } = await bundleAll(root, 'src/mail/overrides/worker.ts', INFO)
  const start = 'const bundle = { exports: {} }; run(bundle.exports, require, bundle, "", ""); bundle.exports.main()'
  await writeFile(join(folder, 'texts.cjs'), `const run = ${text}\n${start}`)
  const bad = { name: 'test.mjml', path: '/t/test.mjml', text: '<mj-section>\n<mj-colum />\n</mj-section>' }

  const { stdout } = spawnSync(process.execPath, [join(folder, 'texts.cjs')], {
    input: JSON.stringify({ templates: [bad], sentences: [], ownOrigins: [] }),
    encoding: 'utf8',
    env: {},
  })

  expect(files.some((file) => file.startsWith('node_modules/mjml-core'))).toBe(true)
  expect(JSON.parse(stdout).problems[0]).toMatchObject({ path: '/t/test.mjml', line: 2 })
})

test('the terminal interface is a separate, self-contained module', async () => {
  const [main, tui] = await Promise.all([bundle(root, 'src/cli/main.ts', INFO), bundleTui(root)])

  const loaded = await import(`data:text/javascript;base64,${Buffer.from(tui.text).toString('base64')}`)

  expect(typeof loaded.startTui).toBe('function')
  expect(Buffer.byteLength(tui.text) === tui.text.length).toBe(true)
  const drawing = /node_modules\/(ink|react|react-reconciler|yoga-layout)\//
  expect(main.files.filter((file) => drawing.test(file))).toEqual([])
  expect(tui.files.some((file) => drawing.test(file))).toBe(true)
})

test('a module that looks for files next to itself stops the build with its name', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'authd-bundle-'))
  onTestFinished(() => rm(folder, { recursive: true }))
  await writeFile(join(folder, 'main.ts'), 'export const main = () => console.log(import.meta.url)')

  const attempt = bundle(root, join(folder, 'main.ts'), INFO)

  await expect(attempt).rejects.toThrow(/main\.ts looks for files beside itself/)
})

test('the bill of materials lists the bundled packages with version, licence, hash and purl, and the libraries in Node', async () => {
  const { files } = await bundle(root, ENTRY, INFO)
  const machine = thisMachine()

  const text = sbom(root, INFO, files, machine, machine.node)

  const { metadata, components } = JSON.parse(text)
  const knex = {
    name: 'knex',
    version: expect.stringMatching(/^\d+\.\d+\.\d+$/),
    licenses: [{ license: { id: 'MIT' } }],
  }
  const hash = [{ alg: 'SHA-512', content: expect.stringMatching(/^[0-9a-f]{128}$/) }]
  expect(sbom(root, INFO, files, machine, machine.node)).toBe(text)
  expect(metadata).toMatchObject({
    timestamp: '2026-01-01T00:00:00.000Z',
    component: { name: 'authd', version: '1.2.3' },
  })
  expect(components).toContainEqual(
    expect.objectContaining({ ...knex, purl: expect.stringMatching(/^pkg:npm\/knex@/), hashes: hash }),
  )
  expect(components.map(({ name }: { name: string }) => name)).not.toContain('typescript')
  expect(components.at(-1).components.map(({ name }: { name: string }) => name)).toContain('openssl')
})

test('the bill of materials lists a package once, even if it lies in two folders', async () => {
  const { files } = await bundleAll(root, 'src/mail/overrides/worker.ts', INFO)
  const machine = thisMachine()

  const { components } = JSON.parse(sbom(root, INFO, files, machine, machine.node))

  const refs = components.map((component: { 'bom-ref': string }) => component['bom-ref'])
  expect(refs.filter((ref: string, index: number) => refs.indexOf(ref) !== index)).toEqual([])
  expect(refs).toContainEqual(expect.stringMatching(/^pkg:npm\/entities@/))
})

test('SOURCE_DATE_EPOCH is the time of a build', () => {
  vi.stubEnv('SOURCE_DATE_EPOCH', '1767225600')
  onTestFinished(() => void vi.unstubAllEnvs())

  expect(buildInfo(root).builtAt).toBe('2026-01-01T00:00:00.000Z')
})
