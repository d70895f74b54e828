/** The flags that every command takes, as parsed. */
export interface GlobalFlags {
  config?: string | undefined
  json: boolean
  jsonl: boolean
  plain: boolean
  header: boolean
  fields?: string | undefined
  quiet: boolean
  verbose: boolean
  yes: boolean
  'no-input': boolean
  color: string
  'no-color': boolean
  'no-pager': boolean
  timeout: string
  time?: string | undefined
  /** Of the commands that change things. */
  'dry-run'?: boolean
  /** Of the commands that the audit log records. */
  reason?: string | undefined
}
