import type { Fallback } from './field.ts'

/** Where an operator's texts are looked for if nobody says where; the folder need not be there. */
export function textFolder(name: 'templates' | 'locales'): Fallback {
  return {
    text: `/etc/authd/${name} if it is there, in development <data_dir>/${name}`,
    of: ({ isDev, value }) => (isDev ? `${value('data_dir')}/${name}` : `/etc/authd/${name}`),
  }
}
