import type { Db, Trx, Value } from '../../src/store/db.ts'

/** A database that remembers the most rows which one unit of work changed. */
export function watchUnits(db: Db): { db: Db; largest(): number } {
  let most = 0
  const watched = (trx: Trx): Trx => {
    let changed = 0
    const note = (rows: number) => {
      changed += rows
      most = Math.max(most, changed)
    }
    return {
      ...trx,
      async run(text: string, values?: Value[]) {
        const rows = await trx.run(text, values)
        note(rows)
        return rows
      },
      send(text: string, values?: Value[]) {
        void this.run(text, values)
      },
      async all<Row>(text: string, values?: Value[]) {
        const rows = await trx.all<Row>(text, values)
        if (/\bRETURNING\b/.test(text)) note(rows.length)
        return rows
      },
    }
  }
  return { db: { ...db, write: (unit) => db.write((trx) => unit(watched(trx))) }, largest: () => most }
}
