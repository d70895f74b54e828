import { field, section } from './key-declaration.ts'
import { line, path } from './kind.ts'
import { textFolder } from './text-folder.ts'
import { colour, exactUrl } from './web-kind.ts'

/** Texts and design of pages and mails. */
export const APP_SECTIONS = {
  app: section('Texts and design of pages and mails.', {
    name: field(line(80), {
      text: 'The name of your product.',
      applies: 'reload',
      default: 'authd',
    }),
    url: field(exactUrl(), {
      text: 'The start page of your product. The name on each page links to it, and each page has a way back.',
      applies: 'reload',
      example: 'https://app.example.com/',
    }),
    support_url: field(exactUrl(), {
      text: 'A page or address where users get help.',
      applies: 'reload',
      example: 'https://example.com/help',
    }),
    notice: field(line(200), {
      text: 'A notice above the sign-in form, for example about maintenance.',
      applies: 'live',
      example: 'Maintenance tonight from 22:00 to 23:00 UTC.',
    }),
    accent: field(colour(), {
      text: 'The colour of buttons and links on pages and in mails. Text on it is white or black, whichever is readable, and links are darker or lighter where they must be.',
      applies: 'restart',
      example: '#402090',
    }),
    logo: field(path(), {
      text: 'A logo for the top of the pages, 32 px high: a .svg, .png or .webp file of at most 256 KiB. Mails show it if it is a .png file.',
      applies: 'restart',
      example: '/etc/authd/logo.svg',
    }),
    logo_dark: field(path(), {
      text: 'The logo of pages for browsers in dark mode.',
      applies: 'restart',
      example: '/etc/authd/logo-dark.svg',
    }),
    mail_logo: field(path(), {
      text: 'A .png file for the top of mails, 32 px high, readable on white and on black. Each mail contains it, so keep it small. Defaults to app.logo if that is a .png file.',
      applies: 'restart',
      example: '/etc/authd/logo-mail.png',
    }),
    locales_dir: field(path(), {
      text: 'The folder of your own sentences for pages and mails: one file per language, such as de.json, with only those that differ. Read again at every reload.',
      applies: 'reload',
      fallback: textFolder('locales'),
      example: '/etc/authd/locales',
    }),
    theme_css: field(path(), {
      text: 'A style sheet that is loaded after the built-in one. docs/design.md lists its custom properties.',
      applies: 'restart',
      example: '/etc/authd/theme.css',
    }),
  }),
}
