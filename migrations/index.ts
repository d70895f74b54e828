import type { Knex } from 'knex'
import * as users from './0001_users.ts'
import * as signinAttempts from './0002_signin_attempts.ts'
import * as sessions from './0003_sessions.ts'
import * as outbox from './0004_outbox.ts'
import * as auditLogs from './0005_audit_logs.ts'
import * as sharedState from './0006_shared_state.ts'
import * as factors from './0007_factors.ts'
import * as accountChanges from './0008_account_changes.ts'
import * as protection from './0009_protection.ts'
import * as apiKeyNetworks from './0010_api_key_networks.ts'
import * as webhooks from './0011_webhooks.ts'
import * as mailSuppressions from './0012_mail_suppressions.ts'
import * as firstVerifiedAt from './0013_first_verified_at.ts'
import * as erasableAudit from './0014_erasable_audit.ts'
import * as epochs from './0015_epochs.ts'
import * as outboxRecipient from './0016_outbox_recipient.ts'
import * as outboxLanes from './0017_outbox_lanes.ts'
import * as housekeeping from './0018_housekeeping.ts'
import * as generationUsedAt from './0019_generation_used_at.ts'
import * as invitedUsers from './0020_invited_users.ts'
import * as subjects from './0021_subjects.ts'
import * as spentSteps from './0022_spent_steps.ts'
import * as attemptsOfUser from './0023_attempts_of_user.ts'
import * as answers from './0024_answers.ts'
import * as handedOutEpochs from './0025_handed_out_epochs.ts'
import * as heldAnswers from './0026_held_answers.ts'
import * as totpOfSession from './0027_totp_of_session.ts'
import * as textByBytes from './0028_text_by_bytes.ts'
import * as userHandles from './0029_user_handles.ts'

export interface Migration {
  id: string
  up(knex: Knex): Promise<void>
}

/** In this order, for ever: a list in code, so that the single file carries it. A released one is never edited. */
export const MIGRATIONS: readonly Migration[] = [
  { id: '0001_users', up: users.up },
  { id: '0002_signin_attempts', up: signinAttempts.up },
  { id: '0003_sessions', up: sessions.up },
  { id: '0004_outbox', up: outbox.up },
  { id: '0005_audit_logs', up: auditLogs.up },
  { id: '0006_shared_state', up: sharedState.up },
  { id: '0007_factors', up: factors.up },
  { id: '0008_account_changes', up: accountChanges.up },
  { id: '0009_protection', up: protection.up },
  { id: '0010_api_key_networks', up: apiKeyNetworks.up },
  { id: '0011_webhooks', up: webhooks.up },
  { id: '0012_mail_suppressions', up: mailSuppressions.up },
  { id: '0013_first_verified_at', up: firstVerifiedAt.up },
  { id: '0014_erasable_audit', up: erasableAudit.up },
  { id: '0015_epochs', up: epochs.up },
  { id: '0016_outbox_recipient', up: outboxRecipient.up },
  { id: '0017_outbox_lanes', up: outboxLanes.up },
  { id: '0018_housekeeping', up: housekeeping.up },
  { id: '0019_generation_used_at', up: generationUsedAt.up },
  { id: '0020_invited_users', up: invitedUsers.up },
  { id: '0021_subjects', up: subjects.up },
  { id: '0022_spent_steps', up: spentSteps.up },
  { id: '0023_attempts_of_user', up: attemptsOfUser.up },
  { id: '0024_answers', up: answers.up },
  { id: '0025_handed_out_epochs', up: handedOutEpochs.up },
  { id: '0026_held_answers', up: heldAnswers.up },
  { id: '0027_totp_of_session', up: totpOfSession.up },
  { id: '0028_text_by_bytes', up: textByBytes.up },
  { id: '0029_user_handles', up: userHandles.up },
]
