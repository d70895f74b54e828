/** How the templates are compiled, here and in the build. Text is not HTML, so nothing in it is escaped. */
export const COMPILE = { html: { strict: true }, text: { strict: true, noEscape: true } }
