/** Text from files as a reviewer may be shown it: nothing in it moves a cursor, turns the direction of reading or hides. */

/** Controls, formats (bidi, zero width, tags), what is drawn as nothing, half and unassigned characters, private use, odd blanks. */
const hidden = /[\p{Cc}\p{Cf}\p{DI}\p{Cs}\p{Co}\p{Cn}\p{Zl}\p{Zp}\p{Zs}]/gu

/** One line of text, with every character that is not plainly seen written as ‹U+202E›. Blanks and tabs stay. */
export function visible(line: string): string {
  return line.replaceAll(hidden, (character) => {
    if (character === ' ' || character === '\t') return character
    return `‹U+${character.codePointAt(0)?.toString(16).toUpperCase().padStart(4, '0')}›`
  })
}
