import type { Knex } from 'knex'

/** Housekeeping and the counts of metrics find their rows by an index, so that they never read a whole table. */
export async function up(knex: Knex): Promise<void> {
  await knex.raw('CREATE INDEX sessions_revoked_at ON sessions (revoked_at) WHERE revoked_at IS NOT NULL')
  await knex.raw('CREATE INDEX outbox_finished_at ON outbox (finished_at) WHERE finished_at IS NOT NULL')
  await knex.raw(
    "CREATE INDEX outbox_failed_body ON outbox (expires_at) WHERE state = 'failed' AND body_sealed IS NOT NULL",
  )
  await knex.raw(
    "CREATE INDEX outbox_failed_mail ON outbox (id) WHERE state = 'failed' AND kind = 'mail' AND is_decoy = 0",
  )
  await knex.raw(
    "CREATE INDEX outbox_waiting_mail ON outbox (created_at) WHERE state = 'pending' AND kind = 'mail' AND is_decoy = 0",
  )
  await knex.raw('CREATE INDEX devices_expires_at ON devices (expires_at)')
  await knex.raw('CREATE INDEX failed_attempts_window_ends_at ON failed_attempts (window_ends_at)')
  await knex.raw('CREATE INDEX email_changes_restorable_until ON email_changes (restorable_until)')
  await knex.raw('CREATE INDEX invitations_expires_at ON invitations (expires_at)')
  await knex.raw('CREATE INDEX recovery_links_created_at ON recovery_links (created_at)')
}
