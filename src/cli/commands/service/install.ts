import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { Flags } from '@oclif/core'
import { makeFolder } from '../../../platform/folder.ts'
import { shell } from '../../../platform/shell.ts'
import { command } from '../../command.ts'
import { dryRunFlag, WITHOUT } from '../../flags.ts'
import { refuseForeignUnit, refusePackagedUnit, serviceFiles, writeServiceFile } from '../../service/files.ts'
import { programPath, refuseHiddenProgram, serviceFlags } from '../../service/flags.ts'
import { refuseUnprivileged, run, systemdVersion } from '../../service/run.ts'

export default command({
  without: WITHOUT.configuration,
  examples: ['sudo authd service install --now', 'authd service install -n'],
  flags: {
    ...serviceFlags,
    now: Flags.boolean({ description: 'Start the service now and at every boot.' }),
    'unit-only': Flags.boolean({ description: 'Write the files only.' }),
    ...dryRunFlag,
  },
  async run({ flags, out }) {
    const { name, root } = flags
    const isDry = flags['dry-run']
    const callsNothing = isDry || flags['unit-only'] || root !== '/'
    refuseForeignUnit(name, root)
    refusePackagedUnit(name, root)
    if (!isDry && root === '/') {
      refuseUnprivileged(shell`sudo authd service install --name ${name}`)
      refuseHiddenProgram(programPath())
    }
    const user = flags.user ?? name
    const files = serviceFiles(
      { name, user, program: programPath() },
      { root, systemdVersion: root === '/' ? systemdVersion() : undefined },
    )
    const written = files.map((file) => ({ path: file.path, status: isDry ? 'would' : writeServiceFile(file) }))
    if (!callsNothing) {
      run('systemd-sysusers')
      letItRead(`/etc/${name}`, user)
      run('systemctl', 'daemon-reload')
      if (flags.now) run('systemctl', 'enable', '--now', `${name}.service`)
    }
    const isOn = flags.now && !callsNothing
    out.object(
      {
        files: written,
        enabled: isOn,
        started: isOn,
        changed: isOn || written.some(({ status }) => status !== 'unchanged'),
      },
      written.map(({ path, status }) => `${out.did(status, 'would write').padEnd(9)}  ${path}`),
    )
    if (!isOn) out.hint(shell`Next: sudo systemctl enable --now ${name}`)
    out.hint(shell`Back up every night: sudo systemctl enable --now ${`${name}-backup.timer`}`)
  },
})

/** Lets the service's group read root's configuration, whether `authd init` ran before or runs later. */
function letItRead(folder: string, user: string): void {
  makeFolder(folder, 0o750)
  run('chgrp', user, folder)
  run('chmod', 'g+rx', folder)
  for (const file of ['config.toml', '.env'].map((name) => join(folder, name)).filter((path) => existsSync(path))) {
    run('chgrp', user, file)
    run('chmod', '0640', file)
  }
}
