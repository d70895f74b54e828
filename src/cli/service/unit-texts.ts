import { shell } from '../../platform/shell.ts'

/** First line of every file that `authd service install` writes. It marks the file as ours. */
export const MARK = '# Made by authd service install.'

export interface UnitOptions {
  /** The service's name and, by default, its user's. */
  name: string
  user: string
  /** The program's absolute path. */
  program: string
}

/** A path as one word of a unit file: systemd.syntax(7), systemd.unit(5). The program of ExecStart= knows no variables. */
function word(path: string): string {
  const escaped = path.replaceAll('%', '%%')
  return /^[\w%+,./:@=-]+$/.test(path) ? escaped : `"${escaped.replace(/["\\]/g, '\\$&')}"`
}

/** Each unit by its name: the daemon, its socket and the backup of every night. */
export function unitTexts(options: UnitOptions): Record<string, string> {
  const { name } = options
  return {
    [`${name}.service`]: unitText(options),
    [`${name}.socket`]: socketText(options),
    [`${name}-backup.service`]: backupUnitText(options),
    [`${name}-backup.timer`]: backupTimerText(options),
  }
}

/** The unit, with notify protocol, watchdog, reload, and the fewest privileges the daemon needs. It needs systemd 252. */
export function unitText({ name, user, program }: UnitOptions): string {
  return `${MARK} Change it with: ${shell`systemctl edit ${name}`}
[Unit]
Description=authd, passwordless sign-in
After=network-online.target
Wants=network-online.target
StartLimitIntervalSec=0

[Service]
Type=notify
NotifyAccess=all
ExecStart=${word(program)} serve
ExecReload=/usr/bin/kill -HUP $MAINPID
User=${user}
Group=${user}
StateDirectory=${name}
StateDirectoryMode=0700
LogsDirectory=${name}
LogsDirectoryMode=0750
ConfigurationDirectory=${name}
ConfigurationDirectoryMode=0750
Environment=AUTHD_CONFIG=/etc/${name}/config.toml
WatchdogSec=30
Restart=on-failure
RestartSec=1
RestartPreventExitStatus=64 77 78
TimeoutStopSec=30
LimitNOFILE=65536
UMask=0077
# A secret that only root can read, with the name of its key. authd config env lists the names.
# LoadCredential=smtp_password:/etc/${name}/credentials/smtp_password

NoNewPrivileges=yes
CapabilityBoundingSet=
AmbientCapabilities=
ProtectSystem=strict
ProtectHome=yes
PrivateTmp=yes
PrivateDevices=yes
PrivateUsers=yes
ProtectClock=yes
ProtectHostname=yes
ProtectKernelTunables=yes
ProtectKernelModules=yes
ProtectKernelLogs=yes
ProtectControlGroups=yes
ProtectProc=invisible
ProcSubset=pid
RestrictNamespaces=yes
RestrictRealtime=yes
RestrictSUIDSGID=yes
LockPersonality=yes
RemoveIPC=yes
DevicePolicy=closed
SystemCallArchitectures=native
SystemCallFilter=@system-service
SystemCallFilter=~@privileged @resources
SystemCallErrorNumber=EPERM
RestrictAddressFamilies=AF_INET AF_INET6 AF_UNIX
NoExecPaths=/
ExecPaths=${word(program)} /usr/bin/systemd-notify /usr/bin/kill /usr/lib /usr/lib64

[Install]
WantedBy=multi-user.target
`
}

/** First systemd that knows the keys of the drop-in. Older ones warn about each in the journal, or reject the unit. */
export const DROP_IN_SINCE = 253

/**
 * Drop-in for a new enough systemd: a socket to it instead of a program (systemd-notify) for each report, and a reload
 * that waits for the daemon.
 */
export function dropInText(): string {
  return `${MARK} For systemd ${DROP_IN_SINCE} or newer.
[Service]
Type=notify-reload
ExecReload=
OpenFile=/run/systemd/notify:notify
`
}

/**
 * Listens while the daemon restarts, so that connections wait instead of being refused. A waiting connection starts the
 * daemon again whatever it exited with, so the socket closes if it keeps exiting.
 */
function socketText({ name }: Pick<UnitOptions, 'name'>): string {
  return `${MARK} Enable it with: ${shell`systemctl stop ${name}`}; ${shell`systemctl enable --now ${`${name}.socket`} ${name}`}
[Unit]
Description=Socket of authd, open while the daemon restarts

[Socket]
ListenStream=127.0.0.1:3000
NoDelay=yes
TriggerLimitIntervalSec=60
TriggerLimitBurst=5

[Install]
WantedBy=sockets.target
`
}

export function sysusersText({ user }: Pick<UnitOptions, 'user'>): string {
  return `${MARK}\nu ${user} - "authd, passwordless sign-in" - -\n`
}

/** Backs up once, for the timer. It needs fewer rights than the daemon. */
function backupUnitText({ name, user, program }: UnitOptions): string {
  return `${MARK} ${name}-backup.timer starts it. Change it with: ${shell`systemctl edit ${`${name}-backup`}`}
[Unit]
Description=Back up authd and check the copy
After=${name}.service

[Service]
Type=oneshot
ExecStart=${word(program)} backup create
ExecStart=${word(program)} backup prune --keep 14 --yes
User=${user}
Group=${user}
StateDirectory=${name}
StateDirectoryMode=0700
ConfigurationDirectory=${name}
ConfigurationDirectoryMode=0750
Environment=AUTHD_CONFIG=/etc/${name}/config.toml
UMask=0077
Nice=10
TimeoutStartSec=1h
# Credentials of ${name}.service are not those of this unit. If that one loads any, load them here too.

NoNewPrivileges=yes
CapabilityBoundingSet=
ProtectSystem=strict
ProtectHome=yes
PrivateTmp=yes
PrivateDevices=yes
ProtectKernelTunables=yes
ProtectKernelModules=yes
ProtectControlGroups=yes
RestrictNamespaces=yes
RestrictSUIDSGID=yes
LockPersonality=yes
SystemCallArchitectures=native
SystemCallFilter=@system-service
SystemCallErrorNumber=EPERM
RestrictAddressFamilies=AF_INET AF_INET6 AF_UNIX
`
}

function backupTimerText({ name }: Pick<UnitOptions, 'name'>): string {
  return `${MARK} Enable it with: ${shell`systemctl enable --now ${`${name}-backup.timer`}`}
[Unit]
Description=Back up authd every night

[Timer]
OnCalendar=03:10
RandomizedDelaySec=20m
Persistent=yes

[Install]
WantedBy=timers.target
`
}
