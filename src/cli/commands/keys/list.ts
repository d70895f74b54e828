import { type KeyResource, presentKey } from '../../../resources/signing-key.ts'
import { OperatorCommand } from '../../command.ts'
import type { Column } from '../../output/output.ts'

const COLUMNS: Column<KeyResource>[] = [
  { header: 'KID', value: ({ kid }) => kid },
  { header: 'ALG', value: ({ alg }) => alg },
  { header: 'STATE', value: ({ state }) => state },
  { header: 'SIGNS FROM', value: ({ signs_from }) => signs_from, isTime: true },
  { header: 'VERIFIES UNTIL', value: ({ verifies_until }) => verifies_until, isTime: true },
]

export default class KeysList extends OperatorCommand {
  static override summary = 'The keys that sign access tokens.'

  async run(): Promise<void> {
    const { flags } = await this.parse(KeysList)
    const { listKeys } = await import('../../../flows/sessions/signing-key.ts')
    const keys = await this.withDeps(flags, (deps) => listKeys(deps))
    this.output(flags).list(keys.map(presentKey), COLUMNS)
  }
}
