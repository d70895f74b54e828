import { renderSVG, renderUnicodeCompact } from 'uqr'

/** A QR code as SVG. It is dark on light in every theme, because cameras need that. */
export function qrSvg(text: string): string {
  return renderSVG(text, { border: 2 })
}

/** A QR code made of half blocks, for a terminal. */
export function qrText(text: string): string {
  return renderUnicodeCompact(text, { border: 2 })
}
