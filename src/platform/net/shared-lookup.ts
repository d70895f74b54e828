import { lookup } from 'node:dns'
import type { LookupFunction } from 'node:net'

/**
 * Looks names up as the system does, with /etc/hosts first. Each lookup holds one of the few threads of this process until
 * the system gives up, which takes long while DNS is away. So all who ask for a name meanwhile wait for one lookup.
 */
export function sharedLookup(ask: LookupFunction = lookup as LookupFunction): LookupFunction {
  const waiting = new Map<string, Parameters<LookupFunction>[2][]>()
  return (hostname, options, callback) => {
    const question = JSON.stringify([hostname, options])
    const others = waiting.get(question)
    if (others !== undefined) return void others.push(callback)
    waiting.set(question, [callback])
    ask(hostname, options, (...answer) => {
      const all = waiting.get(question) ?? []
      waiting.delete(question)
      for (const each of all) each(...answer)
    })
  }
}
