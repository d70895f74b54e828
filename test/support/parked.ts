import type { Authd } from './harness.ts'
import type { Reply } from './http-client.ts'

/** Lets a request run until it is about to open its first unit of work, does something, and lets it go on. */
export async function whileParked(authd: Authd, send: () => Promise<Reply>, meanwhile: () => Promise<unknown>) {
  const { db } = authd.deps
  const { write } = db
  const arrived = Promise.withResolvers<'parked'>()
  const released = Promise.withResolvers<void>()
  db.write = async (unit) => {
    db.write = write
    arrived.resolve('parked')
    await released.promise
    return await write(unit)
  }
  const reply = send()
  const where = await Promise.race([arrived.promise, reply.then(({ status }) => `answered ${status} without a unit`)])
  db.write = write
  await meanwhile()
  const before = await everything(authd)
  released.resolve()
  const answered = await reply
  const { status, headers } = answered
  return {
    where,
    reply: answered,
    status,
    location: headers.get('Location'),
    isUnchanged: (await everything(authd)) === before,
  }
}

async function everything(authd: Authd): Promise<string> {
  const rows = await authd.deps.db.read(async (sql) => {
    const names =
      sql.dialect === 'sqlite'
        ? await sql.all<{ name: string }>("SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name")
        : await sql.all<{ name: string }>(
            'SELECT table_name AS name FROM information_schema.tables WHERE table_schema = current_schema() ORDER BY 1',
          )
    const tables = names.map(({ name }) => name).filter((name) => !/^(sqlite_|rate_limits|schema_)/.test(name))
    const contents = []
    for (const name of tables) contents.push(await sql.all(`SELECT * FROM ${name} ORDER BY 1`))
    return contents
  })
  return JSON.stringify(rows)
}
