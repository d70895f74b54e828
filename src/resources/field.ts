import { z } from 'zod'

/** A text whose example the OpenAPI document shows. */
export function sample(example: string) {
  return z.string().meta({ examples: [example] })
}

/** An id as authd makes them. */
export function idField(prefix: string) {
  return sample(`${prefix}_01m88jw08vedqtrgrr9eqkmg57`)
}
