import { command } from '../../command.ts'
import { WITHOUT } from '../../flags.ts'
import { renderCard } from '../../output/card.ts'
import { serviceFlags } from '../../service/flags.ts'
import { readSystemctl } from '../../service/run.ts'

const PROPERTIES = ['ActiveState', 'SubState', 'UnitFileState', 'MainPID', 'StatusText', 'NRestarts', 'Result']

export default command({
  without: WITHOUT.configuration,
  examples: ['authd service status'],
  flags: { name: serviceFlags.name },
  run({ flags, out }) {
    const shown = readSystemctl('show', `${flags.name}.service`, `--property=${PROPERTIES.join(',')}`)
    const pairs = shown
      .trim()
      .split('\n')
      .map((line): [string, string] => {
        const at = line.indexOf('=')
        return [line.slice(0, at), line.slice(at + 1)]
      })
    const said = Object.fromEntries(pairs)
    const isRunning = said['ActiveState'] === 'active'
    const result = {
      running: isRunning,
      state: `${said['ActiveState']} (${said['SubState']})`,
      at_boot: said['UnitFileState'] || 'not installed',
      pid: Number(said['MainPID']) || null,
      says: said['StatusText'] || null,
      restarts: Number(said['NRestarts'] ?? 0),
    }
    const rows = Object.entries(result)
      .slice(1)
      .map(([name, value]): [string, string | null] => [name.replace('_', ' '), value === null ? null : String(value)])
    out.object(result, renderCard([['service', flags.name], ...rows]))
    if (!isRunning) process.exitCode = 1
  },
})
