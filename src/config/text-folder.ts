import type { Fallback } from './key-declaration.ts'

/** The default folder of an operator's texts. It may be missing. */
export function textFolder(name: 'templates' | 'locales'): Fallback {
  return {
    text: `/etc/authd/${name} if it is there, or beside a configuration in another folder of /etc; in development <data_dir>/${name}`,
    of: ({ isDev, value, serviceFolder = '/etc/authd' }) => `${isDev ? value('data_dir') : serviceFolder}/${name}`,
  }
}
