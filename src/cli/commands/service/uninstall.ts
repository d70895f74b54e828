import { shell } from '../../../platform/shell.ts'
import { command } from '../../command.ts'
import { dryRunFlag, WITHOUT } from '../../flags.ts'
import { packagedUnit, refuseForeignUnit, removeServiceFile, serviceFiles, startedUnits } from '../../service/files.ts'
import { serviceFlags } from '../../service/flags.ts'
import { refuseUnprivileged, run } from '../../service/run.ts'
import { DROP_IN_SINCE } from '../../service/unit-texts.ts'

export default command({
  without: WITHOUT.configuration,
  examples: ['sudo authd service uninstall'],
  flags: { name: serviceFlags.name, root: serviceFlags.root, ...dryRunFlag },
  async run({ flags, out, confirm }) {
    const { name, root } = flags
    const isDry = flags['dry-run']
    const isHere = root === '/'
    refuseForeignUnit(name, root)
    if (!isDry) {
      if (isHere) refuseUnprivileged(shell`sudo authd service uninstall --name ${name}`)
      await confirm(`Stop ${name} and remove its unit?`)
      const units = startedUnits(name, root)
      if (isHere && units.length > 0) run('systemctl', 'disable', '--now', ...units)
    }
    const everything = { root, systemdVersion: DROP_IN_SINCE }
    const paths = serviceFiles({ name, user: name, program: '' }, everything).map(({ path }) => path)
    const removed = isDry ? paths : paths.filter(removeServiceFile)
    if (!isDry && isHere) run('systemctl', 'daemon-reload')
    const isPackaged = packagedUnit(name, root) !== undefined
    if (isPackaged) out.hint(shell`Next: sudo systemctl enable --now ${name}, to run the unit of the package.`)
    out.object(
      { removed, changed: removed.length > 0 },
      removed.map((path) => `${out.did('removed', 'would remove')}  ${path}`),
    )
  },
})
