export interface MjmlFault {
  /** From 1. Undefined if the text is not MJML at all. */
  line: number | undefined
  message: string
}

/** Compiles MJML to HTML and keeps placeholders. It includes no other files, and the mail loads no fonts. */
export async function renderMjml(mjml: string): Promise<{ html: string; faults: MjmlFault[] }> {
  const { default: mjml2html } = await import('mjml')
  try {
    const { html, errors } = await mjml2html(mjml, {
      validationLevel: 'soft',
      fonts: {},
      ignoreIncludes: true,
      keepComments: false,
    })
    const faults = errors.map(({ line, tagName, message }) => ({ line, message: `<${tagName}>: ${message.trim()}` }))
    return {
      html: coloured(mirrored(html))
        .replace(/^\s+/gm, '')
        .replace(/\n{2,}/g, '\n'),
      faults,
    }
  } catch (error) {
    return { html: '', faults: [{ line: undefined, message: error instanceof Error ? error.message : String(error) }] }
  }
}

/** MJML writes each mail from left to right. The language decides, so both sides become placeholders. */
function mirrored(html: string): string {
  return html
    .replaceAll('direction:ltr', 'direction:{{dir}}')
    .replaceAll('text-align:left', 'text-align:{{start}}')
    .replaceAll('align="left"', 'align="{{start}}"')
}

/** MJML takes only colours where a colour stands. Those of the built-in buttons become placeholders. */
function coloured(html: string): string {
  return html.replaceAll('#17614f', '{{accent.light.fill}}').replaceAll('#fffffe', '{{accent.light.on}}')
}
