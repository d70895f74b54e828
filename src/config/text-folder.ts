import type { Fallback } from './key-declaration.ts'

/** The default folder of an operator's texts. It may be missing. */
export function textFolder(name: 'templates' | 'locales'): Fallback {
  return {
    text: `/etc/authd/${name} if it is there, in development <data_dir>/${name}`,
    of: ({ isDev, value }) => (isDev ? `${value('data_dir')}/${name}` : `/etc/authd/${name}`),
  }
}
