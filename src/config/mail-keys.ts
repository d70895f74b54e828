import { dkimKey, dkimSelector } from './dkim-kind.ts'
import { field, section } from './field.ts'
import { duration, line, oneOf, path, secretText, wholeNumber, yesNo } from './kind.ts'
import { textFolder } from './text-folder.ts'
import { domainName, emailAddress, host, mailbox } from './web-kind.ts'

/** What mails say, and which server takes them. */
export const MAIL_SECTIONS = {
  mail: section('What mails say about where they come from.', {
    from: field(mailbox(), {
      text: 'The sender of all mails. Required as soon as smtp.host is set.',
      applies: 'restart',
      example: 'Example <no-reply@example.com>',
      established: 'email_from',
    }),
    operator: field(emailAddress(), {
      text: 'Where authd writes to when something needs you, such as an endpoint of webhooks that takes nothing.',
      applies: 'restart',
      example: 'admin@example.com',
    }),
    paused: field(yesNo(), {
      text: 'Hold all mail back. It waits in the outbox, and what expires meanwhile is never sent.',
      applies: 'live',
      default: false,
    }),
    dkim_domain: field(domainName(), {
      text: 'The domain that signs the mails (DKIM): that of mail.from, or a parent of it. Leave all three out where the mail server signs.',
      applies: 'restart',
      example: 'example.com',
    }),
    dkim_selector: field(dkimSelector(), {
      text: 'Under which name the public key stands in the DNS: SELECTOR._domainkey.DOMAIN.',
      applies: 'restart',
      example: 'authd',
    }),
    dkim_key: field(dkimKey(), {
      text: 'The private key: RSA in PEM, 1024 to 4096 bits, best 2048. Make one: openssl genrsa 2048',
      applies: 'restart',
      secret: true,
    }),
    templates_dir: field(path(), {
      text: 'Your own templates, laid over the built-in ones file by file; "authd templates eject" copies some to begin with. Read again at every reload.',
      applies: 'reload',
      fallback: textFolder('templates'),
      example: '/etc/authd/templates',
    }),
    otp_header: field(yesNo(), {
      text: 'Add the header OTP-Token to mails with a code, for mail programs that fill codes in (an Internet-Draft yet).',
      applies: 'restart',
      default: false,
    }),
  }),
  smtp: section('The server that takes the mails.', {
    host: field(host(), {
      text: 'The mail server. Required, except in development, where mails are shown in the terminal.',
      applies: 'restart',
      example: 'smtp.example.com',
      established: 'smtp_host',
    }),
    port: field(wholeNumber(1, 65535), {
      text: 'Its port: 587 for STARTTLS, 465 for implicit TLS.',
      applies: 'restart',
      default: 587,
      established: 'smtp_port',
    }),
    username: field(line(255), {
      text: 'The account at the mail server, if it wants one.',
      applies: 'restart',
      example: 'authd',
      established: 'smtp_username',
    }),
    password: field(secretText(1, 'Write the password that the mail server knows'), {
      text: 'The password of that account.',
      applies: 'restart',
      secret: true,
      established: 'smtp_password',
    }),
    tls: field(oneOf('starttls', 'implicit', 'none'), {
      text: 'How the connection is protected. "starttls" never goes on without TLS; "none" is only for a server on this machine.',
      applies: 'restart',
      default: 'starttls',
    }),
    timeout: field(duration('1s', '2m'), {
      text: 'How long to wait for each answer of the mail server.',
      applies: 'restart',
      default: '10s',
    }),
    max_connections: field(wholeNumber(1, 100), {
      text: 'Connections to the mail server at once.',
      applies: 'restart',
      default: 4,
    }),
    ca_file: field(path(), {
      text: 'The certificate authority of a mail server that public ones do not vouch for (PEM).',
      applies: 'restart',
      example: '/etc/authd/smtp-ca.pem',
    }),
  }),
}
