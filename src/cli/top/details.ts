/** Every field that says something, as the JSON of the commands names it. */
export function detailsOf(resource: object): [string, string][] {
  return Object.entries(resource)
    .filter(([, value]) => value !== null && value !== '')
    .map(([name, value]) => [name, typeof value === 'object' ? JSON.stringify(value) : String(value)])
}
