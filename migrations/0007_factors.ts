import type { Knex } from 'knex'

export async function up(knex: Knex): Promise<void> {
  await knex.schema.alterTable('users', (table) => {
    table.text('lang')
    table.text('webauthn_user_id')
    table.text('mfa_policy')
  })
  await knex.schema.alterTable('signin_attempts', (table) => {
    table.text('purpose').notNullable().defaultTo('signin')
    table.text('bound_to')
    table.text('user_id')
    table.text('proofs').notNullable().defaultTo('[]')
    table.index(['bound_to'], 'signin_attempts_bound_to')
  })
  await knex.schema.alterTable('sessions', (table) => {
    table.integer('is_enrolment_due').notNullable().defaultTo(0)
  })
  await knex.schema.alterTable('failed_attempts', (table) => {
    table.bigInteger('blocked_until')
  })
  await knex.schema.createTable('passkeys', (table) => {
    table.text('id').notNullable().primary()
    table.text('user_id').notNullable().references('id').inTable('users').onDelete('CASCADE')
    table.text('credential_id').notNullable().unique({ indexName: 'passkeys_credential_id' })
    table.text('public_key').notNullable()
    table.bigInteger('counter').notNullable()
    table.text('transports').notNullable()
    table.text('aaguid').notNullable()
    table.text('name').notNullable()
    table.integer('is_backup_eligible').notNullable()
    table.integer('is_backed_up').notNullable()
    table.bigInteger('created_at').notNullable()
    table.bigInteger('last_used_at')
    table.index(['user_id'], 'passkeys_user_id')
  })
  await knex.schema.createTable('passkey_challenges', (table) => {
    table.text('id').notNullable().primary()
    table.text('kind').notNullable()
    table.text('bound_to').notNullable()
    table.text('challenge').notNullable()
    table.bigInteger('expires_at').notNullable()
    table.index(['expires_at'], 'passkey_challenges_expires_at')
  })
  await knex.schema.createTable('totp_secrets', (table) => {
    table.text('user_id').notNullable().primary().references('id').inTable('users').onDelete('CASCADE')
    table.text('secret_sealed')
    table.bigInteger('confirmed_at')
    table.bigInteger('last_step').notNullable().defaultTo(0)
    table.text('pending_sealed')
    table.bigInteger('pending_expires_at')
  })
  await knex.schema.createTable('recovery_codes', (table) => {
    table.text('id').notNullable().primary()
    table.text('user_id').notNullable().references('id').inTable('users').onDelete('CASCADE')
    table.text('salt').notNullable()
    table.text('code_hash').notNullable()
    table.bigInteger('created_at').notNullable()
    table.bigInteger('used_at')
    table.index(['user_id'], 'recovery_codes_user_id')
  })
}
