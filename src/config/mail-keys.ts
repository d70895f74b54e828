import { dkimKey, dkimSelector } from './dkim-kind.ts'
import { field, section } from './key-declaration.ts'
import { duration, line, oneOf, path, secretText, wholeNumber, yesNo } from './kind.ts'
import { textFolder } from './text-folder.ts'
import { domainName, emailAddress, host, mailbox } from './web-kind.ts'

/** The content of mails, and the server that sends them. mail-rules.ts compares keys with each other. */
export const MAIL_SECTIONS = {
  mail: section('The sender of mails, and their signature.', {
    from: field(mailbox(), {
      text: 'The sender of all mails. Required if smtp.host is set.',
      applies: 'restart',
      example: 'Example <no-reply@example.com>',
      established: 'email_from',
    }),
    operator: field(emailAddress(), {
      text: 'Address for operator alerts, such as a webhook endpoint that keeps failing.',
      applies: 'restart',
      example: 'admin@example.com',
    }),
    paused: field(yesNo(), {
      text: 'Pause all mail. Mails wait in the outbox. A mail that expires while it waits is never sent.',
      applies: 'live',
      default: false,
    }),
    dkim_domain: field(domainName(), {
      text: 'The domain that signs the mails (DKIM): the domain of mail.from or a parent. Omit all three dkim_* keys if your mail server signs.',
      applies: 'restart',
      example: 'example.com',
    }),
    dkim_selector: field(dkimSelector(), {
      text: 'The name of the public key in the DNS: SELECTOR._domainkey.DOMAIN.',
      applies: 'restart',
      example: 'authd',
    }),
    dkim_key: field(dkimKey(), {
      text: 'The private key: RSA in PEM, 1024 to 4096 bits, preferably 2048. Make one with: openssl genrsa 2048',
      applies: 'restart',
      secret: true,
    }),
    templates_dir: field(path(), {
      text: 'The folder of your own templates. Each file replaces a built-in one. "authd templates eject" copies some to start with. Read again at every reload.',
      applies: 'reload',
      fallback: textFolder('templates'),
      example: '/etc/authd/templates',
    }),
    otp_header: field(yesNo(), {
      text: 'Add the header OTP-Token to mails with a code, for mail programs that fill in codes (an Internet-Draft).',
      applies: 'restart',
      default: false,
    }),
  }),
  smtp: section('The mail server that relays the mails.', {
    host: field(host(), {
      text: 'The mail server. Required, except in development mode, where mails appear in the terminal.',
      applies: 'restart',
      example: 'smtp.example.com',
      established: 'smtp_host',
    }),
    port: field(wholeNumber(1, 65535), {
      text: 'The port of the mail server: 587 for STARTTLS, 465 for implicit TLS.',
      applies: 'restart',
      default: 587,
      established: 'smtp_port',
    }),
    username: field(line(255), {
      text: 'The user name at the mail server, if it requires one.',
      applies: 'restart',
      example: 'authd',
      established: 'smtp_username',
    }),
    password: field(secretText(1, 'Write the password of the mail server account'), {
      text: 'The password of that user.',
      applies: 'restart',
      secret: true,
      established: 'smtp_password',
    }),
    tls: field(oneOf('starttls', 'implicit', 'none'), {
      text: 'How the connection is protected. "starttls" never continues without TLS. "none" is only for a server on this machine or in a private network, without a password.',
      applies: 'restart',
      example: 'starttls',
      fallback: {
        text: '"implicit" for port 465, otherwise "starttls"',
        of: ({ value }) => (value('smtp.port') === 465 ? 'implicit' : 'starttls'),
      },
    }),
    timeout: field(duration('1s', '2m'), {
      text: 'How long to wait for each response of the mail server.',
      applies: 'restart',
      default: '10s',
    }),
    max_connections: field(wholeNumber(1, 100), {
      text: 'Maximum number of connections to the mail server.',
      applies: 'restart',
      default: 4,
    }),
    ca_file: field(path(), {
      text: 'CA certificate (PEM) for a mail server whose certificate the system does not trust.',
      applies: 'restart',
      example: '/etc/authd/smtp-ca.pem',
    }),
  }),
}
