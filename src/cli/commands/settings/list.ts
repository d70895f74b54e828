import { listSettings } from '../../../flows/operator/setting.ts'
import { presentSetting, type SettingResource } from '../../../resources/setting.ts'
import { operation } from '../../command.ts'
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

export default operation({
  hasColumns: true,
  examples: ['authd settings list'],
  async run(deps, { out }) {
    out.list((await listSettings(deps)).map(presentSetting), COLUMNS)
  },
})
