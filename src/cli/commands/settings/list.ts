import { presentSetting, type SettingResource } from '../../../resources/setting.ts'
import { OperatorCommand } from '../../command.ts'
import type { Column } from '../../output/output.ts'

const COLUMNS: Column<SettingResource>[] = [
  { header: 'KEY', value: ({ key }) => key },
  {
    header: 'VALUE',
    value: ({ value }) => (value === null ? '' : Array.isArray(value) ? value.join(', ') : String(value)),
  },
  { header: 'FROM', value: ({ origin }) => origin },
  { header: 'SET BY', value: ({ set_by }) => set_by },
  { header: 'WHEN', value: ({ set_at }) => set_at, isTime: true },
]

export default class SettingsList extends OperatorCommand {
  static override summary = 'What can be set while authd runs, and what is in force.'
  static override examples = ['authd settings list']

  async run(): Promise<void> {
    const { flags } = await this.parse(SettingsList)
    const { listSettings } = await import('../../../flows/operator/setting.ts')
    await this.withDeps(flags, async (deps) => {
      this.output(flags).list((await listSettings(deps)).map(presentSetting), COLUMNS)
    })
  }
}
