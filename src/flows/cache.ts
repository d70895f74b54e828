import type { Cache } from '../deps.ts'
import { type ChangeTopic, listEpochs } from '../store/change-epochs.ts'
import type { Db } from '../store/db.ts'

/**
 * One per process. A value is dropped once the epoch of its topic has changed since it was loaded. The job `epochs`
 * (jobs/list.ts) compares them every second, so a value is at most a second old.
 */
export function createCache(db: Db): Cache {
  const values = new Map<ChangeTopic, Promise<unknown>>()
  let epochs = new Map<string, number>()
  return {
    of<Value>(topic: ChangeTopic, load: Parameters<Cache['of']>[1]) {
      const known = values.get(topic)
      if (known) return known as Promise<Value>
      const loading = db.read(load)
      values.set(topic, loading)
      // A failed load is not kept; its caller gets the error.
      loading.catch(() => values.delete(topic))
      return loading as Promise<Value>
    },
    async refresh() {
      const seen = await db.read(listEpochs)
      for (const topic of values.keys()) {
        if (seen.get(topic) !== epochs.get(topic)) values.delete(topic)
      }
      epochs = seen
    },
  }
}
