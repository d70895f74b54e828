/** Sentences of one language by key. A sentence about a number has one text for each plural form of the language. */
export type Sentences = Record<string, string | Partial<Record<Intl.LDMLPluralRule, string>>>
