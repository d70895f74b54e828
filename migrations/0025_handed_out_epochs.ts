import type { Knex } from 'knex'

/** Invitations and recovery links end with the epoch of sign-ins in which they were made. Those in force stay so. */
export async function up(knex: Knex): Promise<void> {
  const now = "COALESCE((SELECT epoch FROM change_epochs WHERE topic = 'signins'), 0)"
  for (const name of ['invitations', 'recovery_links']) {
    await knex.schema.alterTable(name, (table) => {
      table.bigInteger('epoch').notNullable().defaultTo(0)
    })
    await knex.raw(`UPDATE ${name} SET epoch = ${now}`)
  }
  await knex.schema.alterTable('users', (table) => {
    table.bigInteger('invited_epoch').notNullable().defaultTo(0)
  })
  await knex.raw(
    `UPDATE users SET invited_epoch = ${now} WHERE invited_until IS NOT NULL AND email_verified_at IS NULL`,
  )
}
