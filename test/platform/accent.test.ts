import { expect, test } from 'vitest'
import { accentsOf, contrast, DEFAULT_ACCENTS, parseColour } from '../../src/platform/accent.ts'
import { fc } from '../support/property.ts'

const colours = fc.integer({ min: 0, max: 0xffffff }).map((value) => `#${value.toString(16).padStart(6, '0')}`)
const [LIGHT, DARK] = [
  ['#ffffff', '#f6f7f5', '#eef1ee'],
  ['#1b211e', '#121614', '#272f2b'],
]

test('text on any accent and links in it can be read, in light and dark', () => {
  fc.assert(
    fc.property(colours, (colour) => {
      const { light, dark } = accentsOf(colour)
      const texts = [light, dark].flatMap(({ fill, strong, on }) => [contrast(fill, on), contrast(strong, on)])
      const links = [
        ...(LIGHT ?? []).map((ground) => contrast(light.link, ground)),
        ...(DARK ?? []).map((ground) => contrast(dark.link, ground)),
      ]
      const shapes = [contrast(light.fill, '#f6f7f5'), contrast(dark.fill, '#1b211e')]
      expect(Math.min(...texts, ...links)).toBeGreaterThanOrEqual(4.5)
      expect(Math.min(...shapes)).toBeGreaterThanOrEqual(1.25)
    }),
  )
})

test('a colour that can be read is not changed', () => {
  const { light, dark } = accentsOf('#C03')

  expect(light).toMatchObject({ fill: '#cc0033', link: '#cc0033', on: '#ffffff' })
  expect(dark.fill).toBe('#cc0033')
  expect(accentsOf(undefined)).toBe(DEFAULT_ACCENTS)
})

test.each(['17614f', '#17614', '#17614g', 'rgb(0,0,0)', 'green', '#17614f;', ''])('%j is not a colour', (text) => {
  expect(parseColour(text)).toBeUndefined()
})

test('contrast is that of WCAG', () => {
  expect(contrast('#000000', '#ffffff')).toBe(21)
  expect(contrast('#777777', '#ffffff')).toBeCloseTo(4.48, 2)
})
