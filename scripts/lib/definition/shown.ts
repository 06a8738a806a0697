/** A value from the outside, as it may stand in a message: on one line, short, without control or direction characters. */
export function shown(value: unknown): string {
  if (Array.isArray(value)) return value.length === 0 ? 'an empty list' : 'a list'
  if (value !== null && typeof value === 'object') return Object.keys(value).length === 0 ? 'an empty map' : 'a map'
  if (typeof value === 'string') return `"${harmless(cut(value))}"`
  return typeof value === 'number' || typeof value === 'boolean' ? String(value) : 'nothing'
}

/** The text with every character that moves a cursor, ends a line or turns the direction replaced; tabs become blanks. */
export function harmless(text: string): string {
  return text.replaceAll('\t', ' ').replaceAll(/[\p{Cc}\p{Cf}\p{Cs}\p{Co}\p{Zl}\p{Zp}]/gu, '\uFFFD')
}

function cut(text: string): string {
  const characters = Array.from(text)
  return characters.length <= 80 ? text : `${characters.slice(0, 79).join('')}…`
}
