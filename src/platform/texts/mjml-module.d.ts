declare module 'mjml' {
  interface MjmlOptions {
    validationLevel: 'soft'
    /** Fonts to load from elsewhere, by family: none, or a mail would call a third party. */
    fonts: Record<string, string>
    ignoreIncludes: boolean
    keepComments: boolean
  }
  interface MjmlError {
    line: number
    message: string
    tagName: string
  }
  export default function mjml2html(mjml: string, options: MjmlOptions): Promise<{ html: string; errors: MjmlError[] }>
}
