import type { Catalogue, CommandClass } from '../command.ts'

interface Listed {
  summary: string
  load(): Promise<{ default: CommandClass }>
}

const listed = (summary: string, load: Listed['load']): Listed => ({ summary, load })

/**
 * Every command, by what an operator wants to do, with its summary: help, completion and the documents take it from here.
 * Listed by hand, so that a single file carries the commands and loads only the one that runs.
 */
export const GROUPS: { title: string; commands: Record<string, Listed> }[] = [
  {
    title: 'Start here',
    commands: {
      init: listed('Write a configuration, a server secret and a database.', () => import('./init.ts')),
      serve: listed('Run the daemon. With --dev, mails appear in the terminal.', () => import('./serve.ts')),
      healthcheck: listed('Check that the daemon answers.', () => import('./healthcheck.ts')),
    },
  },
  {
    title: 'Users',
    commands: {
      'users list': listed('List users, newest first.', () => import('./users/list.ts')),
      'users show': listed('Show a user with factors, sessions and last events.', () => import('./users/show.ts')),
      'users add': listed('Add users. No mail is sent.', () => import('./users/add.ts')),
      'users disable': listed('Disable users. Their sessions end at once.', () => import('./users/disable.ts')),
      'users enable': listed('Let disabled users sign in again.', () => import('./users/enable.ts')),
      'users delete': listed('Delete a user with all sessions and devices.', () => import('./users/delete.ts')),
      'users invite': listed('Mail invitations to sign up.', () => import('./users/invite.ts')),
      'users update': listed('Change the name, address or factor policy of a user.', () => import('./users/update.ts')),
      'users recover': listed(
        'Make a one-time link for a user who cannot sign in.',
        () => import('./users/recover.ts'),
      ),
      'users unlock': listed('Unlock a user after too many wrong codes.', () => import('./users/unlock.ts')),
      'users export': listed("Export a user's data, or all users.", () => import('./users/export.ts')),
      'users import': listed('Import users from JSON lines or CSV.', () => import('./users/import.ts')),
    },
  },
  {
    title: 'Second factors',
    commands: {
      'passkeys list': listed("List a user's passkeys, oldest first.", () => import('./passkeys/list.ts')),
      'passkeys rename': listed('Rename a passkey.', () => import('./passkeys/rename.ts')),
      'passkeys remove': listed('Remove a passkey. The user is told by mail.', () => import('./passkeys/remove.ts')),
      'totp reset': listed("Remove a user's authenticator app.", () => import('./totp/reset.ts')),
      'recovery-codes reset': listed("Delete a user's recovery codes.", () => import('./recovery-codes/reset.ts')),
    },
  },
  {
    title: 'Sessions and keys',
    commands: {
      'sessions list': listed('List live sessions with their devices.', () => import('./sessions/list.ts')),
      'sessions show': listed('Show a session.', () => import('./sessions/show.ts')),
      'sessions revoke': listed('Revoke sessions from the next request on.', () => import('./sessions/revoke.ts')),
      'keys list': listed('List the keys that sign access tokens.', () => import('./keys/list.ts')),
      'keys rotate': listed('Publish the next signing key.', () => import('./keys/rotate.ts')),
      'secrets rotate': listed('Replace the server secret. Nobody is signed out.', () => import('./secrets/rotate.ts')),
      'api-keys list': listed('List API keys, without their secrets.', () => import('./api-keys/list.ts')),
      'api-keys create': listed('Create an API key and show it once.', () => import('./api-keys/create.ts')),
      'api-keys revoke': listed('Revoke an API key at once.', () => import('./api-keys/revoke.ts')),
    },
  },
  {
    title: 'Watching',
    commands: {
      'audit tail': listed('Print the last events; with -f, follow the log.', () => import('./audit/tail.ts')),
      'audit list': listed('List events by user, network or time.', () => import('./audit/list.ts')),
      'audit show': listed('Show an event with the others of its request.', () => import('./audit/show.ts')),
      'audit export': listed('Export the log as JSON lines, CSV or CEF.', () => import('./audit/export.ts')),
      top: listed('Watch sign-ins, sessions and events on one screen.', () => import('./top.ts')),
      doctor: listed('Find what is wrong or soon will be.', () => import('./doctor.ts')),
      'support-bundle': listed('Pack what a maintainer needs, without secrets.', () => import('./support-bundle.ts')),
      status: listed('Show whether the daemon is running and healthy.', () => import('./status.ts')),
      stats: listed('Count sign-ins, sessions and mails by day.', () => import('./stats.ts')),
      metrics: listed('Print metrics, the dashboard or the alert rules.', () => import('./metrics.ts')),
    },
  },
  {
    title: 'Defending',
    commands: {
      'ipfilter list': listed('List the rules in force, oldest first.', () => import('./ipfilter/list.ts')),
      'ipfilter add': listed('Block or allow networks.', () => import('./ipfilter/add.ts')),
      'ipfilter remove': listed('Remove rules by network or id.', () => import('./ipfilter/remove.ts')),
      'ipfilter check': listed('Check whether the rules block an address.', () => import('./ipfilter/check.ts')),
      'ipfilter import': listed('Add rules from a file, one network per line.', () => import('./ipfilter/import.ts')),
      'ipfilter export': listed('Print the networks in force for import.', () => import('./ipfilter/export.ts')),
      'ipfilter prune': listed('Delete expired rules.', () => import('./ipfilter/prune.ts')),
      'lockouts list': listed('List lockouts caused by wrong codes.', () => import('./lockouts/list.ts')),
      'lockouts clear': listed('Clear the lockouts of a user or an address.', () => import('./lockouts/clear.ts')),
      'ratelimit list': listed('List how much of each limit is used.', () => import('./ratelimit/list.ts')),
      'ratelimit show': listed(
        'Show the use of one address, mailbox, session or key.',
        () => import('./ratelimit/show.ts'),
      ),
      'ratelimit reset': listed('Reset the counts of one of them.', () => import('./ratelimit/reset.ts')),
      explain: listed('Explain why a user can or cannot sign in.', () => import('./explain.ts')),
      lockdown: listed('Sign everybody out, stop sign-ups and mails.', () => import('./lockdown.ts')),
    },
  },
  {
    title: 'Mail and webhooks',
    commands: {
      'email test': listed('Send a test mail, step by step.', () => import('./email/test.ts')),
      'email preview': listed('Show a mail with sample values.', () => import('./email/preview.ts')),
      'email queue': listed('List queued, sent and failed mails.', () => import('./email/queue.ts')),
      'email retry': listed('Retry queued or failed mails now.', () => import('./email/retry.ts')),
      'email cancel': listed('Cancel queued mails.', () => import('./email/cancel.ts')),
      'email pause': listed('Pause all mail, in every instance.', () => import('./email/pause.ts')),
      'email resume': listed('Resume mail, starting with the queue.', () => import('./email/resume.ts')),
      'suppressions list': listed('List addresses that get no mail now.', () => import('./suppressions/list.ts')),
      'suppressions clear': listed('Allow mail to addresses again.', () => import('./suppressions/clear.ts')),
      'templates eject': listed(
        'Copy mail templates so that you can change them.',
        () => import('./templates/eject.ts'),
      ),
      'templates sentences': listed(
        'List the sentences of pages and mails by key.',
        () => import('./templates/sentences.ts'),
      ),
      'templates check': listed('Check your own templates and sentences.', () => import('./templates/check.ts')),
      'webhooks list': listed('List webhook endpoints and their state.', () => import('./webhooks/list.ts')),
      'webhooks show': listed('Show an endpoint.', () => import('./webhooks/show.ts')),
      'webhooks add': listed('Add an endpoint and show its secret once.', () => import('./webhooks/add.ts')),
      'webhooks update': listed('Change, pause or resume an endpoint.', () => import('./webhooks/update.ts')),
      'webhooks remove': listed('Remove an endpoint and its waiting deliveries.', () => import('./webhooks/remove.ts')),
      'webhooks test': listed('Send a test event and show the response.', () => import('./webhooks/test.ts')),
      'webhooks deliveries': listed('List deliveries, or the tries of one.', () => import('./webhooks/deliveries.ts')),
      'webhooks redeliver': listed(
        'Send deliveries again, with the same ids.',
        () => import('./webhooks/redeliver.ts'),
      ),
      'webhooks rotate-secret': listed(
        'Replace the secret of an endpoint.',
        () => import('./webhooks/rotate-secret.ts'),
      ),
    },
  },
  {
    title: 'Configuration and database',
    commands: {
      'settings list': listed('List the live settings and their values.', () => import('./settings/list.ts')),
      'settings get': listed('Print the value of a live setting.', () => import('./settings/get.ts')),
      'settings set': listed('Set a live setting in every instance.', () => import('./settings/set.ts')),
      'settings unset': listed('Remove a live setting.', () => import('./settings/unset.ts')),
      'config check': listed('Check the configuration for mistakes.', () => import('./config/check.ts')),
      'config show': listed('Show the configuration in force.', () => import('./config/show.ts')),
      'config path': listed('Print which configuration file is read.', () => import('./config/path.ts')),
      'config reference': listed('Describe all configuration keys, or one.', () => import('./config/reference.ts')),
      'config env': listed('List the environment variables.', () => import('./config/env.ts')),
      'migrate up': listed('Update the database schema, after a backup.', () => import('./migrate/up.ts')),
      'migrate status': listed('List applied and pending migrations.', () => import('./migrate/status.ts')),
      'db copy': listed('Copy the database to PostgreSQL, or back to a file.', () => import('./db/copy.ts')),
      'db reopen': listed('Open a database again that a copy has closed.', () => import('./db/reopen.ts')),
      'backup create': listed('Back up the database while authd runs.', () => import('./backup/create.ts')),
      'backup list': listed('List the backups, newest first.', () => import('./backup/list.ts')),
      'backup verify': listed('Check that a backup can be restored.', () => import('./backup/verify.ts')),
      'backup restore': listed('Replace the database with a backup.', () => import('./backup/restore.ts')),
      'backup prune': listed('Delete all backups but the newest.', () => import('./backup/prune.ts')),
      'service install': listed('Install the systemd service.', () => import('./service/install.ts')),
      'service print': listed('Print the systemd unit.', () => import('./service/print.ts')),
      'service status': listed('Show the state of the systemd service.', () => import('./service/status.ts')),
      'service uninstall': listed('Stop and remove the systemd service.', () => import('./service/uninstall.ts')),
    },
  },
  {
    title: 'Other',
    commands: {
      version: listed('Print the versions of authd, Node and SQLite.', () => import('./version.ts')),
      openapi: listed('Print the HTTP API as OpenAPI 3.1.', () => import('./openapi.ts')),
      completion: listed('Print a completion script for bash, zsh or fish.', () => import('./completion.ts')),
      man: listed('Write the man pages of all commands.', () => import('./man.ts')),
    },
  },
]

/** Without a prototype: `users toString` is not a command. */
export const COMMANDS: Catalogue = Object.assign(
  Object.create(null),
  ...GROUPS.flatMap(({ title, commands }) =>
    Object.entries(commands).map(([id, entry]) => ({ [id]: { ...entry, group: title } })),
  ),
)
