import { AuthdError } from '../../errors.ts'
import { isStorable, plain, shortened } from '../../platform/plain-text.ts'

const MESSAGE = 'Contains U+0000 or half of a surrogate pair, which cannot be stored.'

/** Refuses text, in keys and values, that no database can keep. Throws VALIDATION_ERROR, which names the field. */
export function refuseUnstorable(input: unknown): void {
  const pointer = findUnstorable(input)
  if (pointer === undefined) return
  throw new AuthdError('VALIDATION_ERROR', {
    message: `${plain(pointer.slice(1))}: ${MESSAGE}`,
    details: { errors: [{ pointer, code: 'UNSTORABLE_TEXT', message: MESSAGE }] },
  })
}

/** No route has a field with a longer name. Such a name is cut. */
const KEY_MAX = 100

/** RFC 6901 §3. */
export function pointerTo(key: string): string {
  return `/${shortened(key, KEY_MAX).replaceAll('~', '~0').replaceAll('/', '~1')}`
}

/** The JSON pointer of the first such text. It keeps a list of its own, because a body can nest deeper than the stack. */
export function findUnstorable(input: unknown): string | undefined {
  const waiting: { value: unknown; pointer: string }[] = [{ value: input, pointer: '' }]
  for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
    const { value, pointer } = next
    if (typeof value === 'string' && !isStorable(value)) return pointer
    if (typeof value !== 'object' || value === null) continue
    for (const [key, inner] of Object.entries(value)) {
      const within = pointer + pointerTo(key)
      if (!isStorable(key)) return within
      waiting.push({ value: inner, pointer: within })
    }
  }
  return undefined
}
