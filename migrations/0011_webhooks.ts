import type { Knex } from 'knex'

export async function up(knex: Knex): Promise<void> {
  await knex.schema.createTable('webhook_endpoints', (table) => {
    table.text('id').notNullable().primary()
    table.text('url').notNullable()
    table.text('description').notNullable()
    table.text('events').notNullable()
    table.integer('allows_private').notNullable()
    table.text('secret_sealed').notNullable()
    table.text('previous_secret_sealed')
    table.bigInteger('previous_until')
    table.bigInteger('created_at').notNullable()
    table.text('created_by').notNullable()
    table.bigInteger('paused_at')
    table.text('pause_reason')
    // How far in the audit log its deliveries have been queued.
    table.bigInteger('cursor_seq').notNullable()
    table.integer('failures').notNullable().defaultTo(0)
    table.bigInteger('failing_since')
    table.bigInteger('retry_at').notNullable().defaultTo(0)
    table.bigInteger('busy_until').notNullable().defaultTo(0)
    table.bigInteger('last_success_at')
  })
  await knex.schema.alterTable('outbox', (table) => {
    table.bigInteger('event_seq')
  })
  await knex.raw('DROP INDEX outbox_due')
  // Rows leave these when they are done, so that the workers' looks stay cheap.
  await knex.raw("CREATE INDEX outbox_mail_due ON outbox (due_at, id) WHERE state = 'pending' AND kind = 'mail'")
  await knex.raw(
    "CREATE INDEX outbox_webhook_due ON outbox (recipient, due_at, event_seq) WHERE state = 'pending' AND kind = 'webhook'",
  )
}
