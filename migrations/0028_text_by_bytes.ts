import type { Knex } from 'knex'

/**
 * On PostgreSQL, text is compared by its bytes, as on SQLite, whatever the locale of the server: a range of keys such as
 * `subject >= 'a '` must not depend on how a language sorts. No row is rewritten, only the indexes.
 */
export async function up(knex: Knex): Promise<void> {
  if (knex.client.config.client !== 'pg') return
  const { rows } = await knex.raw<{ rows: { name: string; columns: string[] }[] }>(
    `SELECT table_name AS name, array_agg(column_name::text) AS columns
     FROM information_schema.columns JOIN information_schema.tables USING (table_schema, table_name)
     WHERE table_schema = current_schema() AND table_type = 'BASE TABLE' AND data_type = 'text'
       AND collation_name IS DISTINCT FROM 'C'
     GROUP BY table_name ORDER BY table_name`,
  )
  for (const { name, columns } of rows) {
    const changes = columns.map(() => 'ALTER COLUMN ?? TYPE text COLLATE "C"')
    await knex.raw(`ALTER TABLE ?? ${changes.join(', ')}`, [name, ...columns])
  }
}
