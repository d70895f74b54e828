/** Options for compiling templates, also in the build. Plain text needs no escaping. */
export const COMPILE = { html: { strict: true }, text: { strict: true, noEscape: true } }
