/** The colours of buttons and links, in hexadecimal. */
export interface Accent {
  /** The ground of buttons. */
  fill: string
  /** The ground of a button under the pointer. */
  strong: string
  /** Text on both. */
  on: string
  /** Links and other text in the colour. */
  link: string
}

export interface Accents {
  light: Accent
  dark: Accent
}

/** As in authd.css. Links stand on any of the grounds. */
const GROUNDS = {
  light: { button: ['#ffffff', '#f6f7f5'], text: ['#ffffff', '#f6f7f5', '#eef1ee'] },
  dark: { button: ['#1b211e', '#121614'], text: ['#1b211e', '#121614', '#272f2b'] },
}
const [WHITE, BLACK] = ['#ffffff', '#000000']
/** WCAG 2.2 §1.4.3. A button is known by its text (§1.4.11), so its ground need only be seen. */
const [FOR_TEXT, FOR_SHAPES] = [4.5, 1.25]
const STEPS = 50

export const DEFAULT_ACCENTS: Accents = {
  light: { fill: '#17614f', strong: '#0f4a3c', on: '#ffffff', link: '#17614f' },
  dark: { fill: '#8fd6be', strong: '#b3e5d4', on: '#06231b', link: '#8fd6be' },
}

/** `#17614f` or `#abc`, as six digits in lower case. */
export function parseColour(text: string): string | undefined {
  const digits = /^#([0-9a-f]{6}|[0-9a-f]{3})$/i.exec(text)?.[1]?.toLowerCase()
  if (digits === undefined) return undefined
  return digits.length === 6 ? `#${digits}` : `#${[...digits].map((digit) => digit + digit).join('')}`
}

/**
 * The brand's colour for light and dark. It changes only as far as it must: a button stands out from its ground, and
 * text on it and in it has a contrast of 4.5.
 */
export function accentsOf(colour: string | undefined): Accents {
  const own = parseColour(colour ?? '')
  if (own === undefined) return DEFAULT_ACCENTS
  return { light: accentOn(own, GROUNDS.light, BLACK), dark: accentOn(own, GROUNDS.dark, WHITE) }
}

function accentOn(own: string, grounds: { button: string[]; text: string[] }, towards: string): Accent {
  const fill = movedUntil(own, towards, grounds.button, FOR_SHAPES)
  const on = contrast(fill, WHITE) >= FOR_TEXT ? WHITE : BLACK
  return {
    fill,
    strong: mix(fill, on === WHITE ? BLACK : WHITE, 0.2),
    on,
    link: movedUntil(own, towards, grounds.text, FOR_TEXT),
  }
}

function movedUntil(colour: string, towards: string, grounds: string[], least: number): string {
  for (let step = 0; step < STEPS; step += 1) {
    const moved = mix(colour, towards, step / STEPS)
    if (grounds.every((ground) => contrast(moved, ground) >= least)) return moved
  }
  return towards
}

/** From 1 to 21, as WCAG 2.2 defines it. */
export function contrast(one: string, other: string): number {
  const [dark = 0, light = 0] = [luminance(one), luminance(other)].sort((a, b) => a - b)
  return (light + 0.05) / (dark + 0.05)
}

function luminance(colour: string): number {
  const [red = 0, green = 0, blue = 0] = channels(colour).map((value) => {
    const part = value / 255
    return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4
  })
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue
}

function mix(colour: string, other: string, share: number): string {
  const others = channels(other)
  const mixed = channels(colour).map((value, index) => Math.round(value + ((others[index] ?? 0) - value) * share))
  return `#${mixed.map((value) => value.toString(16).padStart(2, '0')).join('')}`
}

function channels(colour: string): number[] {
  return [1, 3, 5].map((at) => Number.parseInt(colour.slice(at, at + 2), 16))
}
