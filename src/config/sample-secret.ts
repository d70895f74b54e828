const SAMPLES = [
  /^<.*>$/, // <your secret here>
  /^\$\{?\w+\}?$/, // ${JWT_SECRET}, not expanded
  /(change|replace)[-_ ]?(me|this|it|in[-_ ]?production)/i,
  /^(your|my|our|some|insert|enter|put|example|sample|dummy)[-_ ].*(secret|password|key|token|here)/i,
  /^(super|top|very)?[-_ ]?secret([-_ ]?(key|password|token|value))?$/i,
  /^(password|passwd|example|sample|dummy|todo|tbd|none|null|undefined|secret[-_ ]?key)\d{0,3}$/i,
  /^(.{1,4})\1+$/s, // aaaa…, abcabcabc…
]

/** Says whether a value is from an example, or obviously not a secret. */
export function isSampleSecret(value: string): boolean {
  const trimmed = value.trim()
  return SAMPLES.some((sample) => sample.test(trimmed))
}
