import { renderSVG, renderUnicodeCompact } from 'uqr'

/** A QR code as SVG, dark on light whatever the theme: cameras want it so. */
export function qrSvg(text: string): string {
  return renderSVG(text, { border: 2 })
}

/** A QR code of half blocks, for a terminal. */
export function qrText(text: string): string {
  return renderUnicodeCompact(text, { border: 2 })
}
