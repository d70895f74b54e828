/** Every non-empty field, named as in the JSON output. */
export function detailsOf(resource: object): [string, string][] {
  return Object.entries(resource)
    .filter(([, value]) => value !== null && value !== '')
    .map(([name, value]) => [name, typeof value === 'object' ? JSON.stringify(value) : String(value)])
}
