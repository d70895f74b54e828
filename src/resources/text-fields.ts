import { z } from 'zod'
import { unplainIn } from '../platform/plain-text.ts'
import { isId } from '../platform/random.ts'

/** Every text that people type and authd shows to others, with its greatest length. API, pages and commands share it. */
const LENGTHS = {
  user_name: 100,
  passkey_name: 60,
  key_name: 100,
  webhook_description: 200,
  rule_reason: 200,
  reason: 500,
} as const satisfies Record<string, number>

export type TypedText = keyof typeof LENGTHS

/** One line of plain text, trimmed. `least` characters, by default one. */
export function typedText(kind: TypedText, { least = 1 }: { least?: 0 | 1 } = {}) {
  return z
    .string()
    .trim()
    .min(least, 'Write at least one character.')
    .max(LENGTHS[kind], `Write at most ${LENGTHS[kind]} characters.`)
    .superRefine((text, context) => {
      // "…" is what a suggested command shows in place of a reason.
      if (/^[….]+$/.test(text)) {
        context.addIssue({
          code: 'custom',
          params: { code: 'PLACEHOLDER' },
          message: 'Write a text in place of the dots.',
        })
      }
      // Operators find things by name or id, so nobody may take an id as a name.
      if (kind.endsWith('_name') && isId(text)) {
        context.addIssue({
          code: 'custom',
          params: { code: 'LOOKS_LIKE_ID' },
          message: 'An id is not a name. Write a name.',
        })
      }
      const found = unplainIn(text)
      if (found === undefined) return
      const message = `Contains ${found}, a character that is invisible or changes how text is displayed. Remove it.`
      context.addIssue({ code: 'custom', params: { code: 'UNPLAIN_TEXT' }, message })
    })
}
