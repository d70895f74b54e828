import { listSettings } from '../../../flows/operator/setting.ts'
import { presentSetting, type SettingResource } from '../../../resources/setting.ts'
import { operation } from '../../command.ts'
import { listFlags } from '../../flags.ts'
import type { Column } from '../../output/column.ts'
import { heldRows } from '../../output/parts.ts'

const COLUMNS: Column<SettingResource>[] = [
  { header: 'KEY', value: ({ key }) => key },
  {
    header: 'VALUE',
    isText: true,
    value: ({ value }) => (value === null ? '' : Array.isArray(value) ? value.join(', ') : String(value)),
  },
  { header: 'FROM', value: ({ origin }) => origin },
  { header: 'SET BY', isText: true, spare: 2, value: ({ set_by }) => set_by },
  { header: 'WHEN', spare: 1, value: ({ set_at }) => set_at, isTime: true },
]

export default operation({
  hasColumns: true,
  examples: ['authd settings list'],
  flags: listFlags,
  async run(deps, { flags, out }) {
    const settings = (await listSettings(deps)).map(presentSetting)
    await out.parts(
      heldRows(settings, ({ key }) => key),
      COLUMNS,
      flags,
    )
  },
})
