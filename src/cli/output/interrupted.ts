/** Ctrl-C at a question. The program ends with 130 and says nothing. */
export class Interrupted extends Error {}
