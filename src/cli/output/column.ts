/** A column of a table; in plain output the same value, untruncated. */
export interface Column<Row> {
  header: string
  value(row: Row): string | number | boolean | null | undefined
  /** Shown as `--time` says. */
  isTime?: true
  /** Text that is still of use when it is cut to fit. */
  isText?: true
  /** Left out of a narrow terminal before others are cut: 1 goes first. */
  spare?: number
}
